/** Files of a run that are damaged or of somebody else: one sentence each, with file, field, what was found and expected. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { silentReporter } from "../../src/reporter.ts";
import { crossValidate } from "../../src/training/runs/cross_validation.ts";
import { readConfig, runFolder } from "../../src/training/runs/run_folder.ts";
import { configurationOf } from "../../src/training/runs/run_settings.ts";
import { inFolder } from "../commands/run_program.ts";

const FILES = "test/version_0_1_0/files";

/** The JSON of a file with one value changed, by the names on the way to it. */
function changed(path: string, way: readonly (string | number)[], value: unknown): string {
  const root = JSON.parse(readFileSync(path, "utf8"));
  const last = way.at(-1) as string;
  way.slice(0, -1).reduce((outer, name) => outer[name], root)[last] = value;
  return JSON.stringify(root);
}

test("readConfig() names the setting of a damaged config.json", async () => {
  await inFolder((folder) => {
    const run = runFolder(folder);
    const cases: readonly (readonly [string, unknown, string])[] = [
      ["batch", "2", 'batch is "2", expected a whole number from 1'],
      ["freeze", "enc", 'freeze is "enc", expected a list'],
      ["freeze", ["enc.*", 1], "freeze[1] is 1, expected a text"],
      ["optimizer", "adma", 'optimizer is "adma", expected one of adam, adamw, sgd'],
      ["learningRate", null, "learningRate is null, expected a number from 0"],
      ["epochs", undefined, "epochs is missing, expected a whole number from 1"],
      ["dataset", {}, "dataset is {}, expected a text"],
    ];
    for (const [name, value, fault] of cases) {
      writeFileSync(run.config, changed(join(FILES, "whole/config.json"), [name], value));
      assert.throws(() => readConfig(run), {
        name: "Failure",
        message: `Cannot use ${run.config}: ${fault}; give the folder of a run to --resume`,
      });
    }
    return Promise.resolve();
  });
});

test("readConfig() and configurationOf() keep a config.json of 0.1.0 as it is", () => {
  const run = runFolder(join(FILES, "whole"));
  assert.deepEqual(configurationOf(readConfig(run)), JSON.parse(readFileSync(run.config, "utf8")));
});

test("crossValidate() names the setting of a damaged cross_validation.json", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "cross_validation.json");
    const cases: readonly (readonly [(string | number)[], unknown, string])[] = [
      [["settings", "width"], 1.5, "settings.width is 1.5, expected a whole number from 1"],
      [["splits", 1, "val", 0], 7, "splits[1].val[0] is 7, expected a text"],
      [["splits"], [], "splits is [], expected a list of folds"],
    ];
    for (const [way, value, fault] of cases) {
      writeFileSync(path, changed(join(FILES, "cv/cross_validation.json"), way, value));
      await assert.rejects(
        crossValidate({ resume: folder, version: "0.0.0" }, {
          reporter: silentReporter,
          signal: new AbortController().signal,
        }),
        {
          name: "Failure",
          message: `Cannot use ${path}: ${fault}; give the folder of a cross-validation to --resume`,
        },
      );
    }
  });
});
