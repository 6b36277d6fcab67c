import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readConfiguration } from "../../src/command_line/configuration.ts";
import { flag, option, type Options } from "../../src/command_line/option.ts";
import { duration, list, numbers, oneWordOf, realNumber, wholeNumber } from "../../src/command_line/types.ts";
import { foldNumber } from "../../src/commands/array_types.ts";
import { parseCommand } from "../../src/command_line/parse.ts";
import { train } from "../../src/commands/train.ts";
import { writePhantom } from "../../src/data/phantom.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";

const definitions = {
  epochs: option({ description: "x", long: "epochs", type: wholeNumber(1) }),
  learningRate: option({ description: "x", long: "learning-rate", type: realNumber(0) }),
  timeBudgetSeconds: option({ description: "x", long: "time-budget", type: duration }),
  spacingMm: option({ description: "x", long: "spacing", type: numbers }),
  labels: option({ description: "x", long: "labels", type: list }),
  plane: option({ description: "x", long: "plane", type: oneWordOf(["axial", "coronal"]) }),
  ignoreOrigin: flag({ description: "x", long: "ignore-origin" }),
};

/** What a file with this text gives, or the message with which it is refused. */
async function read(text: string, name = "settings.yaml", known: Options = definitions): Promise<unknown> {
  let result: unknown;
  await inFolder((folder) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    try {
      result = readConfiguration(path, known, "1.2.0");
    } catch (error) {
      assert.equal((error as Error).name, "Failure", (error as Error).stack);
      result = (error as Error).message.replaceAll(path, "FILE");
    }
    return Promise.resolve();
  });
  return result;
}

test("readConfiguration() reads YAML and JSON with option names of either kind", async () => {
  const expected = {
    epochs: 3,
    learningRate: 0.0000001,
    timeBudgetSeconds: 5400,
    spacingMm: [0.5, 0.5, 3],
    labels: ["1", "whole = a"],
    ignoreOrigin: true,
  };
  const yaml = "# a comment\nepochs: 3\nlearning-rate: 1e-7\ntime-budget: 1h30m\nspacing: [0.5, 0.5, 3]\n" +
    "labels: [1, whole = a]\nignore-origin: true\nplane:\n";
  assert.deepEqual(await read(yaml), expected);
  const json = { ...expected, labels: [1, "whole = a"], plane: null, version: "1.2.0" };
  assert.deepEqual(await read(JSON.stringify(json), "config.json"), expected);
  assert.deepEqual(await read('{"labels": [], "ignoreOrigin": false}', "config.json"), { ignoreOrigin: false });
});

test("readConfiguration() takes a number of seconds under the name that has the unit alone, as files of 0.1.0 hold it", async () => {
  assert.deepEqual(await read('{"timeBudgetSeconds": 5400}', "config.json"), { timeBudgetSeconds: 5400 });
  assert.match(
    String(await read("time-budget: 90\n")),
    /^Cannot use FILE: time-budget: found "90" without a unit, .* write 90s/,
  );
  assert.match(String(await read('{"timeBudgetSeconds": -1}', "config.json")), /found -1, expected seconds above 0$/);
});

test("readConfiguration() hints at the names of other tools, and bounds what it repeats", async () => {
  assert.equal(await read("lr: 1\n"), "Cannot use FILE: unknown key lr; did you mean learning-rate?");
  const text = String(await read(`{"${"k".repeat(900_000)}": 1}`, "config.json"));
  assert.match(text, /^Cannot use FILE: unknown key k+…$/);
  assert.ok(text.length < 200);
});

test("readConfiguration() lists unknown keys and wrong values at once, with what was meant", async () => {
  assert.equal(
    await read(
      "epoch: 3\nfrobnicate: 1\nlearningrate: 1\nepochs: 0\nplane: axail\nlabels: {a: 1}\nignoreOrigin: yes\nspacing: [1, [2]]\n",
    ),
    "Cannot use FILE: unknown key epoch; did you mean epochs?\n" +
      "  unknown key frobnicate\n" +
      "  unknown key learningrate; did you mean learningRate?\n" +
      '  epochs: found "0", expected a whole number from 1\n' +
      '  plane: found "axail", expected one of axial, coronal; did you mean axial?\n' +
      '  labels: found {"a": 1}, expected a value\n' +
      '  ignoreOrigin: found "yes", expected true or false\n' +
      "  spacing: found [1, [2]], expected a value",
  );
  assert.equal(
    await read("learning-rate: 1\nlearningRate: 2\n"),
    "Cannot use FILE: learning-rate and learningRate are the same setting; keep one",
  );
  assert.equal(await read('{"__proto__": {"epochs": 3}}', "config.json"), "Cannot use FILE: unknown key __proto__");
});

test("readConfiguration() refuses files of a newer version and takes those of older ones", async () => {
  for (const version of ["1.2.1", "1.10.0", "2.0.0"]) {
    assert.equal(
      await read(`version: ${version}\nepochs: 3\nnewOption: 1\n`),
      `Cannot use FILE: it was written by seg ${version}, and this is seg 1.2.0; install that version, or remove the line ` +
        "with the version and what this one does not know",
    );
  }
  for (const version of ["1.2.0", "1.1.9", "0.9.0", "unknown"]) {
    assert.deepEqual(await read(`version: ${version}\nepochs: 3\n`), { epochs: 3 });
  }
});

test("readConfiguration() takes the settings of a cross-validation with all folds", async () => {
  const document = { settings: { epochs: 3, version: "1.0.0" }, splits: [{ train: ["a"], val: ["b"] }] };
  const withFold = { ...definitions, fold: option({ description: "x", long: "fold", type: foldNumber }) };
  assert.deepEqual(await read(JSON.stringify(document), "cross_validation.json", withFold), { epochs: 3, fold: "all" });
});

test("readConfiguration() refuses what is no settings file, is too large, or grows when it is read", async () => {
  const remedy = "; give settings as JSON or YAML, such as the config.json of a run";
  const cases: [text: string, name: string, message: RegExp][] = [
    ["", "a.yaml", /^Cannot read FILE: it holds no settings; write a line for each option, such as epochs: 50$/],
    ["[1, 2]", "a.json", /it holds no settings/],
    ["epochs: [1\nplane: 3", "a.yaml", /^Cannot read FILE: Flow sequence .* at line 2, column 1; give settings/],
    ["epochs: 1\nepochs: 2", "a.yaml", /Map keys must be unique at line 2, column 1/],
    ['{"epochs": 3', "a.json", /^Cannot read FILE: .*JSON.*; give settings/],
    ["\xff\xfe\u0000", "a.yaml", /Cannot (read|use) FILE: /],
    ["#".repeat(70_000), "a.yaml", /the file has 70000 bytes; files of up to 65536 bytes are read; give settings/],
    [" ".repeat((1 << 20) + 1), "a.json", /files of up to 1048576 bytes are read/],
    ["- ".repeat(30_000), "a.yaml", /it is nested too deeply for settings/],
    ["- &a ? !b ".repeat(100), "a.yaml", /it is nested too deeply for settings/],
    ["a: " + "[\n".repeat(20_000), "a.yaml", /it is nested too deeply for settings/],
    [Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "a.yaml", /it is nested too deeply/],
    // As deep as it may be: refused as settings, and nothing breaks.
    [Array.from({ length: 99 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "a.yaml", /unknown key a/],
    [`a: ${"[".repeat(100)}${"]".repeat(100)}`, "a.yaml", /unknown key a/],
    [
      "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n",
      "a.yaml",
      /^Cannot read FILE: Excessive alias count/,
    ],
  ];
  for (const [text, name, message] of cases) {
    const found = await read(text, name);
    assert.ok(typeof found === "string", name);
    assert.match(found, message);
    if (!found.includes("no settings; write") && found.startsWith("Cannot read")) {
      assert.ok(found.endsWith(remedy), found);
    }
  }
});

test("seg train --config repeats a run from its config.json to the same bytes, and the command line wins", async () => {
  await inFolder(async (folder) => {
    const dataset = join(folder, "data");
    writePhantom(dataset, { cases: 4, side: 48 });
    const run = async (argv: readonly string[]) => {
      const job = await parseCommand(train, argv);
      return await job.run({ reporter: silentReporter, signal: new AbortController().signal });
    };
    const [first, second, third] = ["first", "second", "third"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const settings =
      "--width 2 --input-size 16 --output-size 32 --folds 2 --steps-per-epoch 1 --epochs 1 --threads 1 " +
      "--freeze head.* --labels 1 --time-budget 1h --learning-rate 0.003 --ignore-origin --clip-norm 2";
    await run([dataset, "--out", first, ...settings.split(" ")]);
    const config = join(first, "config.json");
    await run(["--config", config, "--out", second]);
    assert.deepEqual(readFileSync(join(second, "best.onnx")), readFileSync(join(first, "best.onnx")));
    const read = (folder: string) => JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    assert.deepEqual({ ...read(second), out: first }, read(first));
    await run(["--config", config, "--out", third, "--batch", "8", "--seed", "5"]);
    assert.deepEqual(read(third), { ...read(first), out: third, batch: 8, seed: 5 });
    await assert.rejects(run(["--config", config]), { name: "Failure", message: /first exists already; / });
    await assert.rejects(run(["--resume", first, "--config", config]), {
      name: "UsageFailure",
      message: /--config has no effect with --resume: a run keeps its settings/,
    });
  });
});
