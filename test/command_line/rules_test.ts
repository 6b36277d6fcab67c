/** Every option in every way of using every command: it is taken, or refused with a sentence. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { Command, Rule } from "../../src/command_line/command.ts";
import { type Arguments, isNamed, type NamedDescriptor, spellingOf } from "../../src/command_line/option.ts";
import { parseCommand } from "../../src/command_line/parse.ts";
import { refusedBy } from "../../src/command_line/rules.ts";
import { COMMANDS } from "../../src/commands/catalog.ts";
import { inFolder } from "../commands/run_program.ts";

/** The words that bring each mode about, and those that a command needs in any case. */
const WAYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  train: {
    "": "data",
    "with --resume": "--resume data",
    "with --init": "data --init m.onnx",
    "with --init or --head none, unless --level-targets is nearest": "data --head none",
    "with --split-file": "data --split-file m.onnx",
    "without --optimizer sgd": "data --optimizer adam",
    "with --augment none": "data --augment none",
  },
  predict: {
    "": "m.onnx data --out o",
    "on an ONNX file": "m.onnx data --out o",
    "on an engine": "m.engine data --out o",
  },
  evaluate: {
    "": "m.onnx data",
    "on masks": "--predictions data data",
    "on a model": "m.onnx data",
    "without --allow-missing": "--predictions data data",
    "on an engine": "m.engine data",
    "on an ONNX file": "m.onnx data",
    "where nsd is not among --metrics": "m.onnx data --metrics dice",
    "where hd95 is not among --metrics": "m.onnx data --metrics dice",
    "without --out": "m.onnx data",
  },
  report: { "": "data" },
  view: { "": "v.nii", "with --screenshot": "v.nii --screenshot s.png", "without --screenshot": "v.nii" },
  tune: { "": "m.onnx data" },
  cluster: { "": "slurm", "for slurm": "slurm", "for kubernetes": "kubernetes", "without --out": "slurm" },
  merge: { "": "data" },
  ensemble: { "": "m.onnx m.onnx --out e.onnx" },
  export: {
    "": "m.onnx",
    "without --trt or --kit": "m.onnx",
    "without --trt": "m.onnx",
    "without --kit": "m.onnx",
    "without --parity": "m.onnx",
    "without --parity or --int8": "m.onnx",
    "without --int8": "m.onnx",
    "with --int8": "m.onnx --trt --int8",
    "with --dry-run": "m.onnx --dry-run",
    "with --dry-run for a known device": "m.onnx --trt --dry-run",
  },
  bench: {
    "": "m.onnx",
    "with --import": "--import data",
    "on an engine": "m.engine",
    "on an engine without --min-dice": "m.engine",
    "on an ONNX file": "m.onnx",
    "without --out": "m.onnx",
  },
  build: { "": "", "with --head none": "--head none" },
  inspect: { "": "m.onnx", "with --ops": "--ops", "with --card": "m.onnx --card" },
  check: { "": "data", "without --write": "data", "with --split-file": "data --split-file m.onnx" },
  demo: { "": "" },
  doctor: { "": "" },
  completion: { "": "bash" },
};

function wordsFor(descriptor: NamedDescriptor): string[] {
  const name = `--${descriptor.long}`;
  if (descriptor.kind === "flag") return [name];
  const { existing, example } = descriptor.type;
  return [name, existing === "folder" ? "data" : existing === undefined ? example : "m.onnx"];
}

/** The properties that the rules of a command refuse beside these words. */
async function refusal(command: Command, words: readonly string[]): Promise<string> {
  try {
    await parseCommand(command, words);
    return "";
  } catch (error) {
    assert.equal((error as Error).name, "UsageFailure");
    return (error as Error).message;
  }
}

async function inFilledFolder(use: () => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    mkdirSync(join(folder, "data"));
    for (const name of ["m.onnx", "m.engine", "v.nii"]) writeFileSync(join(folder, name), "");
    const before = process.cwd();
    process.chdir(folder);
    try {
      await use();
    } finally {
      process.chdir(before);
    }
  });
}

test("each rule refuses its options, each with a sentence, and no other option by its sentence", async () => {
  await inFilledFolder(async () => {
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      const command = await load();
      const ways = WAYS[name] ?? {};
      const modes = new Set((command.rules ?? []).map(({ mode }) => mode));
      assert.deepEqual([...modes].filter((mode) => !(mode in ways)), [], `${name}: a way of each mode`);
      for (const [mode, way] of Object.entries(ways)) {
        const base = way === "" ? [] : way.split(" ");
        assert.equal(await refusal(command, base), "", `seg ${name} ${way}`);
        const rules = (command.rules ?? []).filter((rule) => rule.mode === mode);
        for (const [property, descriptor] of Object.entries(command.arguments)) {
          if (!isNamed(descriptor) || base.includes(`--${descriptor.long}`)) continue;
          const words = wordsFor(descriptor);
          const message = await refusal(command, [...words, ...base]);
          const rule = rules.find((one) => refusedBy(one, command.arguments).includes(property));
          const line = `seg ${name} ${[...words, ...base].join(" ")}`;
          if (rule === undefined) {
            assert.ok(!rules.some((one) => message.includes(sentenceOf(descriptor, one))), line);
          } else if (message !== "" || !isConditional(command, property, rule)) {
            assert.ok(message.includes(sentenceOf(descriptor, rule)), `${line}\n${message}`);
          }
        }
      }
    }
  });
});

function sentenceOf(
  descriptor: Arguments[string],
  { mode, because }: Pick<Rule<Arguments>, "mode" | "because">,
): string {
  return `${spellingOf(descriptor)} has no effect ${mode}: ${because}`;
}

/** Whether the rule looks at the value of the very option that it refuses, such as `--split val` on masks. */
function isConditional(command: Command, property: string, rule: Rule<Arguments>): boolean {
  return command.name === "evaluate" && property === "split" && rule.mode === "on masks";
}

test("a value of an option that a mode refuses is refused alone", async () => {
  await inFilledFolder(async () => {
    const evaluate = await (COMMANDS["evaluate"] as (typeof COMMANDS)[string]).load();
    const base = ["--predictions", "data", "data"];
    assert.match(
      await refusal(evaluate, [...base, "--split", "val"]),
      /--split has no effect on masks: val needs a model/,
    );
    assert.equal(await refusal(evaluate, [...base, "--split", "all"]), "");
  });
});

test("defaults are not taken for options that were given", async () => {
  await inFilledFolder(async () => {
    const check = await (COMMANDS["check"] as (typeof COMMANDS)[string]).load();
    assert.equal(await refusal(check, ["data", "--split-file", "m.onnx"]), "");
    assert.equal(
      await refusal(check, ["data", "--split-file", "m.onnx", "--folds", "5", "--out", "."]),
      "seg check: --out has no effect without --write: nothing is written\n" +
        "  --folds has no effect with --split-file: the folds are those of the file\nTry seg check --help",
    );
  });
});
