import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "../../src/command_line/command.ts";
import { parseCommand } from "../../src/command_line/parse.ts";
import { build } from "../../src/commands/build.ts";
import { check } from "../../src/commands/check.ts";
import { bench } from "../../src/commands/bench.ts";
import { evaluate } from "../../src/commands/evaluate.ts";
import { exportModel } from "../../src/commands/export.ts";
import { inspect } from "../../src/commands/inspect.ts";
import { predict } from "../../src/commands/predict.ts";
import { train } from "../../src/commands/train.ts";
import { silentReporter } from "../../src/reporter.ts";

const context = { reporter: silentReporter, signal: new AbortController().signal };

/** The message with which a command line is refused, by its parser or by its job. */
async function refusal(command: Command, argv: readonly string[]): Promise<string> {
  try {
    const job = await parseCommand(command, argv);
    await job.run(context);
  } catch (error) {
    assert.equal((error as Error).name, "UsageFailure", (error as Error).stack);
    return (error as Error).message;
  }
  return "";
}

test("parseCommand() names unknown options, with the one that was meant", async () => {
  assert.equal(
    await refusal(build, ["--widht", "8"]),
    "seg build: unknown option --widht; did you mean --width?\nTry seg build --help",
  );
  assert.equal(
    await refusal(train, ["src", "--epoch=4", "-q", "--frobnicate"]),
    "seg train: unknown option --epoch; did you mean --epochs?\n  unknown option -q\n  unknown option --frobnicate\n" +
      "Try seg train --help",
  );
});

test("parseCommand() names options without a value or with two, and flags with one", async () => {
  for (const argv of [["--out"], ["--out", "--force"], ["--out="], ["--out", ""]]) {
    assert.equal(
      await refusal(build, argv),
      "seg build: --out needs a value, e.g. some.onnx\nTry seg build --help",
      argv.join(" "),
    );
  }
  assert.equal(
    await refusal(build, ["--seed", "1", "--seed", "2"]),
    "seg build: --seed stands more than once\nTry seg build --help",
  );
  assert.equal(await refusal(build, ["--force=yes"]), "seg build: --force takes no value\nTry seg build --help");
});

test("parseCommand() lists all wrong arguments at once, those that are missing with what they are", async () => {
  assert.equal(
    await refusal(predict, ["absent.onnx", "src", "--threads", "0"]),
    "seg predict: there is no file absent.onnx; check the path\n  --out is missing: folder for the masks\n" +
      '  --threads: found "0", expected a whole number of 1 to 1024\nTry seg predict --help',
  );
  assert.equal(
    await refusal(predict, []),
    "seg predict: MODEL is missing: model file (.onnx) of seg train or export, or engine (.engine) of seg export --trt\n" +
      "  INPUT is missing: volumes (.nii.gz, .nii), slices (.png, .tif), folders of them, or data set folders\n" +
      "  --out is missing: folder for the masks\nTry seg predict --help",
  );
  assert.equal(
    await refusal(check, ["src", "extra"]),
    "seg check: unexpected argument extra\nTry seg check --help",
  );
  assert.equal(
    await refusal(check, ["package.json"]),
    "seg check: package.json is a file, expected a folder; name the folder itself\nTry seg check --help",
  );
});

test("parseCommand() takes what stands behind -- as arguments", async () => {
  assert.equal(
    await refusal(check, ["--", "--seed"]),
    "seg check: there is no folder --seed; check the path\nTry seg check --help",
  );
});

test("parseCommand() bounds what it repeats", async () => {
  const long = "x".repeat(100_000);
  for (const argv of [[`--${long}`], [long], [`--threads=${long}`, "package.json"]]) {
    assert.ok((await refusal(predict, argv)).length < 1000);
  }
});

test("commands name what they miss in their way of being used", async () => {
  const cases: [command: Command, argv: string[], message: string][] = [
    [train, [], "DATASET is missing: data set folder, unless --resume names a run or --config a file with dataset"],
    [
      evaluate,
      [],
      "MODEL is missing: model file or engine, before the data set folder; or give masks with --predictions",
    ],
    [evaluate, ["package.json"], "DATASET is missing: data set folder"],
    [evaluate, ["--predictions", "src"], "DATASET is missing: data set folder"],
    [evaluate, ["--predictions", "src", "src", "test"], "unexpected argument test"],
    [inspect, [], "MODEL is missing: ONNX file of any origin, unless --ops lists the ops"],
    [bench, [], "MODEL is missing: ONNX file or engine, unless --import names what a kit brought back"],
    [exportModel, ["package.json", "--fp16", "--no-fp16", "--trt"], "--fp16 and --no-fp16 exclude each other"],
  ];
  for (const [command, argv, message] of cases) {
    assert.equal(await refusal(command, argv), `seg ${command.name}: ${message}\nTry seg ${command.name} --help`);
  }
});
