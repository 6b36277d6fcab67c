/**
 * Runs every command line of the blocks in README and docs on made data, each document in a folder of its own, in the order of reading.
 *
 * Trainings are made short, an array job's line runs once for each of its tasks, `seg view` takes a picture, and TensorRT is the simulator.
 *
 * usage: npm run test:docs [-- DOCUMENT ...]
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import { chromiumPath } from "../src/view/chromium.ts";
import { commandLinesOf, DOCUMENTS } from "./docs/command_lines.ts";
import { writeReadersFolder } from "./docs/readers_folder.ts";
import { writeSimulator } from "./trtexec_simulator/wrapper.ts";

const PROGRAM = resolve(import.meta.dirname as string, "..", "src", "main.js");
const SHORT = { "--epochs": "1", "--steps-per-epoch": "2", "--batch": "4", "--threads": "2" };
const SMALL = { "--width": "2", "--input-size": "32", "--output-size": "64" };

const root = realpathSync(mkdtempSync(join(tmpdir(), "seg-docs-")));
const template = join(root, "template");
const environment = { ...process.env, NO_COLOR: "1", PATH: [root, process.env["PATH"]].join(delimiter) };
writeSimulator(root);
let [passed, failed, skipped] = [0, 0, 0];
try {
  prepare();
  for (const file of process.argv.length > 2 ? process.argv.slice(2) : DOCUMENTS) {
    const folder = join(root, file.replace(/\W/g, "_"));
    cpSync(template, folder, { recursive: true });
    for (const { text, words, fenced } of commandLinesOf(file)) {
      if (fenced) runLine(folder, { file, text, words });
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
console.log(`${passed} command lines ran, ${failed} failed, ${skipped} were skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/** The folder of a reader who has trained two models and a cross-validation, exported one, and built an engine. */
function prepare(): void {
  writeReadersFolder(template);
  const train = (...more: string[]) =>
    must(["train", "DATASET", ...more, ...Object.entries({ ...SHORT, ...SMALL }).flat()]);
  train("--out", "runs/first");
  train("--out", "runs/second", "--seed", "1");
  train("--out", "runs/cv", "--fold", "all", "--folds", "2");
  must(["export", "runs/first/best.onnx", "--out", "export"]);
  must(["export", "runs/first/best.onnx", "--out", "nano", "--trt"]);
  must(["bench", "export/best.onnx", "--threads", "1", "--duration", "0.2s", "--out", "report.json"]);
  must(["evaluate", "runs/first/best.onnx", "DATASET", "--out", "scores"]);
  must(["check", "DATASET", "--write", "--out", "checked"]);
  for (
    const [from, to] of Object.entries({
      MODEL: "runs/first",
      OTHER: "runs/second",
      "other.onnx": "export",
      "exported.onnx": "export",
    })
  ) {
    cpSync(join(template, from.endsWith(".onnx") ? "export" : to, "best.onnx"), join(template, from));
  }
}

function must(args: readonly string[]): void {
  const { code, text } = run(template, args);
  if (code !== 0) throw new Error(`seg ${args.join(" ")} ended with ${code}:\n${text}`);
}

function run(
  folder: string,
  args: readonly string[],
  more: Record<string, string> = {},
): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    ...{ cwd: folder, env: { ...environment, ...more }, encoding: "utf8" },
  });
  return { code: status, text: `${stdout}${stderr}` };
}

function runLine(
  folder: string,
  { file, text, words }: { file: string; text: string; words: readonly string[] },
): void {
  const args = adapted(folder, words);
  if (args === undefined) {
    skipped++;
    console.log(`skipped  ${file}: ${text}: no Chromium`);
    return;
  }
  for (const environment of tasksOf(words)) {
    const { code, text: output } = run(folder, args, environment);
    if (code === 0) continue;
    failed++;
    console.log(
      `FAILED   ${file}: ${text}\n         seg ${args.join(" ")} ended with ${code}:\n${
        output.replace(/^/gm, "         ")
      }`,
    );
    return;
  }
  passed++;
  console.log(`ran      ${file}: ${text}`);
}

/** The line for made data: `undefined` where it cannot run here. */
function adapted(folder: string, words: readonly string[]): string[] | undefined {
  const [command = ""] = words;
  const has = (option: string) => words.includes(option);
  let args = words.map((word) => word === "DATASET" ? datasetFor(words) : word);
  const out = args[args.indexOf("--out") + 1] as string;
  // What a line writes, an earlier reading may have written.
  if (has("--out")) {
    rmSync(join(folder, out), { recursive: true, force: true });
  }
  if (command === "train" && !has("--config")) {
    args = replaced(args, has("--init") || has("--resume") || has("--net") ? SHORT : { ...SHORT, ...SMALL });
    if (has("--resume")) {
      args = args.filter((word, i) =>
        ![word, args[i - 1]].some((one) => one === "--batch" || one === "--steps-per-epoch")
      );
    }
  }
  if (command === "bench" && !has("--import")) args = replaced(args, { "--duration": "0.2s" });
  if (command === "bench" && has("--import") && !existsSync(join(folder, "nano-kit", "result"))) runKit(folder);
  if (command === "view") {
    if (chromiumPath() === undefined) return undefined;
    args = [...args, "--screenshot", "view.png"];
  }
  return args;
}

/** The data set that a line's options ask for. */
function datasetFor(words: readonly string[]): string {
  if (words.includes("--group")) return "SLICES";
  return words.includes("--map") || words.includes("--channels") ? "BRATS" : "DATASET";
}

/** The options with other values, added where they are absent. */
function replaced(args: readonly string[], values: Readonly<Record<string, string>>): string[] {
  const kept = args.filter((word, i) => values[word] === undefined && values[args[i - 1] as string] === undefined);
  return [...kept, ...Object.entries(values).flat()];
}

/** The environments of the tasks of a line: one, or one for each index of an array job. */
function tasksOf(words: readonly string[]): Record<string, string>[] {
  if (words[0] === "cluster") return [{}];
  const count = words.includes("--fold") && words.includes("auto")
    ? Number(words[words.indexOf("--folds") + 1])
    : Number(/^auto\/(\d+)$/.exec(words.find((word) => word.startsWith("auto/")) ?? "")?.[1] ?? 0);
  return count === 0 ? [{}] : Array.from({ length: count }, (_, i) => ({ SLURM_ARRAY_TASK_ID: String(i) }));
}

function runKit(folder: string): void {
  const kit = join(folder, "nano-kit");
  const { status, stderr } = spawnSync("sh", ["run.sh"], { cwd: kit, env: environment, encoding: "utf8" });
  if (status !== 0) throw new Error(`sh run.sh ended with ${status}:\n${stderr}`);
}
