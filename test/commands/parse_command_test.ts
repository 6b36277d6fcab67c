import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "../../src/commands/build.ts";
import { check } from "../../src/commands/check.ts";
import { evaluate } from "../../src/commands/evaluate.ts";
import { type JobCommand, parseCommand } from "../../src/commands/parse_command.ts";
import { predict } from "../../src/commands/predict.ts";
import { train } from "../../src/commands/train.ts";
import { silentReporter } from "../../src/reporter.ts";

const context = { reporter: silentReporter, signal: new AbortController().signal };

/** The message with which a command line is refused, by its parser or by its job. */
async function refusal(name: string, command: JobCommand, argv: readonly string[]): Promise<string> {
  try {
    const job = await parseCommand(name, command, argv);
    await job.run(context);
  } catch (error) {
    assert.equal((error as Error).name, "UsageFailure", (error as Error).stack);
    return (error as Error).message;
  }
  return "";
}

test("parseCommand() names unknown options, with the one that was meant", async () => {
  assert.equal(
    await refusal("build", build, ["--widht", "8"]),
    "seg build: unknown option --widht; did you mean --width?\nTry seg build --help",
  );
  assert.equal(
    await refusal("train", train, ["src", "--epoch=4", "-q", "--frobnicate"]),
    "seg train: unknown option --epoch; did you mean --epochs?\n  unknown option -q\n  unknown option --frobnicate\n" +
      "Try seg train --help",
  );
});

test("parseCommand() names options without a value or with two", async () => {
  assert.equal(await refusal("build", build, ["--out"]), "seg build: --out needs a value\nTry seg build --help");
  assert.equal(
    await refusal("build", build, ["--seed", "1", "--seed", "2"]),
    "seg build: --seed stands more than once\nTry seg build --help",
  );
  for (const argv of [["--out", "--force"], ["--out="], ["--out", ""]]) {
    assert.match(await refusal("build", build, argv), /^seg build: --out needs a value\n/, argv.join(" "));
  }
});

test("parseCommand() lists all wrong arguments at once", async () => {
  assert.equal(
    await refusal("predict", predict, ["absent.onnx", "src", "--threads", "0"]),
    "seg predict: there is no file absent.onnx; check the path\n  --out needs a value\n" +
      '  --threads: found "0", expected a whole number of 1 to 1024\nTry seg predict --help',
  );
  assert.equal(
    await refusal("check", check, ["src", "extra"]),
    "seg check: unexpected argument extra\nTry seg check --help",
  );
  assert.equal(
    await refusal("check", check, ["package.json"]),
    "seg check: package.json is a file, expected a folder; name the folder itself\nTry seg check --help",
  );
  assert.equal(await refusal("check", check, []), "seg check: DATASET is missing\nTry seg check --help");
});

test("jobs refuse arguments that do not go together", async () => {
  const cases: [name: string, command: JobCommand, argv: string[], message: string][] = [
    ["train", train, [], "DATASET is missing"],
    [
      "train",
      train,
      ["--resume", "src", "--width", "8"],
      "--width does not go with --resume: a run keeps its settings",
    ],
    ["train", train, ["src", "--resume", "src"], "DATASET does not go with --resume: a run keeps its settings"],
    ["evaluate", evaluate, [], "MODEL is missing"],
    ["evaluate", evaluate, ["package.json"], "DATASET is missing"],
    ["evaluate", evaluate, ["--predictions", "src"], "DATASET is missing"],
    ["evaluate", evaluate, ["--predictions", "src", "src", "test"], "unexpected argument test"],
    [
      "evaluate",
      evaluate,
      ["--predictions", "src", "src", "--split", "val"],
      "--split val needs a model, which names its cases",
    ],
    [
      "evaluate",
      evaluate,
      ["package.json", "src", "--labels", "1"],
      "--labels is for --predictions; a model has its own",
    ],
  ];
  for (const [name, command, argv, message] of cases) {
    assert.equal(await refusal(name, command, argv), `seg ${name}: ${message}\nTry seg ${name} --help`);
  }
});
