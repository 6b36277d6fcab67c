/** The command lines of README and docs are taken by the program, and those of blocks marked "sh run" run. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { Job } from "../src/command_line/command.ts";
import { COMMANDS } from "../src/commands/catalog.ts";
import { parseCommand } from "../src/command_line/parse.ts";
import { writePhantom } from "../src/data/phantom.ts";
import { buildModel } from "../src/model/build.ts";
import { silentReporter } from "../src/reporter.ts";
import { type CommandLine, commandLinesOf, DOCUMENTS } from "../tools/docs/command_lines.ts";
import { inFolder } from "./commands/run_program.ts";

/** What a reader of the documentation has at the beginning, and at the end. */
const DATASETS = ["DATASET", "seg-demo/data"];
const DEMO_MODEL = "seg-demo/run/best.onnx";
const FOLDERS = ["scans", "masks", "runs/first", "runs/cv", "nano-kit/result"];
const FILES = [
  "checked/splits.json",
  "scores/metrics.json",
  "scores/demo/metrics.json",
  "report.json",
  "scan.nii.gz",
  "mask.nii.gz",
  "masks/scan.nii.gz",
  "masks/phantom_04.nii.gz",
  "settings.yaml",
  "runs/first/config.json",
];
const MODELS = [
  "MODEL",
  "OTHER",
  "runs/first/best.onnx",
  "runs/second/best.onnx",
  "runs/cv/fold_0/best.onnx",
  "runs/cv/fold_1/best.onnx",
  "export/best.onnx",
  "nano/best.engine",
  "nano-16/best.engine",
  "nano-level-0/best.engine",
  "exported.onnx",
  "other.onnx",
  "small.onnx",
];

const commandLines = DOCUMENTS.flatMap(commandLinesOf);

async function jobOf({ file, text, words: [name = "", ...others] }: CommandLine): Promise<Job> {
  const entry = COMMANDS[name];
  assert.ok(entry !== undefined, `${file}: ${text}: there is no command ${name}`);
  try {
    return await parseCommand(await entry.load(), others);
  } catch (error) {
    throw new Error(`${file}: ${text}: ${(error as Error).message}`, { cause: error });
  }
}

/** Runs `use` in a folder with the demo's data and model, and at the end of the reading with all that the documentation names. */
async function inReadersFolder(reading: "begins" | "ends", use: () => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const path of DATASETS) writePhantom(path, { cases: 5, side: 48 });
      const net = { net: "j-net", width: 2, channels: 1, classes: 1, inputSize: 32, outputSize: 64, seed: 0 };
      const { bytes } = buildModel({ ...net, version: "test" });
      if (reading === "ends") { for (const path of FOLDERS) mkdirSync(path, { recursive: true }); }
      for (const path of reading === "ends" ? [DEMO_MODEL, ...FILES, ...MODELS] : [DEMO_MODEL]) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, bytes);
      }
      await use();
    } finally {
      process.chdir(before);
    }
  });
}

test("the documentation shows every command", () => {
  const shown = new Set(commandLines.map(({ words }) => words[0]));
  assert.deepEqual(Object.keys(COMMANDS).filter((name) => !shown.has(name)), []);
});

test("parseCommand() takes every command line of the documentation", async () => {
  await inReadersFolder("ends", async () => {
    for (const line of commandLines) await jobOf(line);
  });
});

test("the command lines of blocks marked as running run", async () => {
  const running = commandLines.filter(({ runs }) => runs);
  assert.ok(running.length > 5);
  await inReadersFolder("begins", async () => {
    const context = { reporter: silentReporter, signal: new AbortController().signal };
    for (const line of running) {
      const { failed = false } = await (await jobOf(line)).run(context);
      assert.equal(failed, false, `${line.file}: ${line.text} failed`);
    }
  });
});

test("links of the documentation lead to files", () => {
  const missing = DOCUMENTS.flatMap((file) => {
    const targets = [...readFileSync(file, "utf8").matchAll(/\]\(([^)#:]+)\)/g)].map(([, target = ""]) => target);
    return targets.filter((target) => !existsSync(join(dirname(file), target))).map((target) => `${file} → ${target}`);
  });
  assert.deepEqual(missing, []);
});
