import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findCases } from "../../src/prediction/prediction_cases.ts";
import { silentReporter } from "../../src/reporter.ts";
import { put, putMsd, putNifti, putPng, withFolder } from "../data/made_folders.ts";
import { identityModel } from "./identity_model.ts";

function idsAndFiles(folder: string, paths: readonly string[], channels = 1): [string, string[]][] {
  const { metadata } = identityModel({ channels });
  const cases = findCases(paths.map((path) => join(folder, path)), { metadata, reporter: silentReporter });
  return cases.map(({ id, inputs }) => [id, inputs.map((path) => path.slice(folder.length + 1))]);
}

test("findCases() takes files, and folders of files", () => {
  withFolder((folder) => {
    putNifti(folder, "in/b.nii.gz");
    putNifti(folder, "in/deep/a10.nii");
    putNifti(folder, "in/deep/a9.nii");
    put(folder, "in/readme.txt", "no image");
    putPng(folder, "x.png", { data: new Uint8Array(4), width: 2, height: 2 });
    assert.deepEqual(idsAndFiles(folder, ["x.png", "in"]), [
      ["b", ["in/b.nii.gz"]],
      ["a9", ["in/deep/a9.nii"]],
      ["a10", ["in/deep/a10.nii"]],
      ["x", ["x.png"]],
    ]);
  });
});

test("findCases() joins <case>_0000, _0001 where the model has several channels", () => {
  withFolder((folder) => {
    for (const name of ["p_0000", "p_0001", "q_0000", "q_0001", "4d"]) putNifti(folder, `in/${name}.nii.gz`);
    assert.deepEqual(idsAndFiles(folder, ["in"], 2), [
      ["4d", ["in/4d.nii.gz"]],
      ["p", ["in/p_0000.nii.gz", "in/p_0001.nii.gz"]],
      ["q", ["in/q_0000.nii.gz", "in/q_0001.nii.gz"]],
    ]);
    putNifti(folder, "one/scan_2019.nii.gz");
    putNifti(folder, "one/scan_0000.nii.gz");
    assert.deepEqual(idsAndFiles(folder, ["one"]), [
      ["scan", ["one/scan_0000.nii.gz"]],
      ["scan_2019", ["one/scan_2019.nii.gz"]],
    ]);
  });
});

test("findCases() names a missing channel", () => {
  withFolder((folder) => {
    putNifti(folder, "p_0000.nii.gz");
    putNifti(folder, "p_0002.nii.gz");
    const path = join(folder, "p_0000.nii.gz");
    assert.throws(() => idsAndFiles(folder, ["p_0000.nii.gz", "p_0002.nii.gz"], 3), {
      name: "Failure",
      message: `${path}: found no file for channel 1 (channel 1), expected p_0001.nii.gz beside it; add the file`,
    });
  });
});

test("findCases() reads data set folders by their layout", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    assert.deepEqual(idsAndFiles(folder, ["."]).map(([id]) => id), ["c1", "c2"]);
  });
});

test("findCases() refuses equal names, other files and empty folders", () => {
  withFolder((folder) => {
    putNifti(folder, "a/x.nii.gz");
    putNifti(folder, "b/x.nii.gz");
    assert.throws(() => idsAndFiles(folder, ["a/x.nii.gz", "b/x.nii.gz"]), {
      message: `${join(folder, "a/x.nii.gz")} and ${join(folder, "b/x.nii.gz")} would both become x; ` +
        `segment them into different folders with --out`,
    });
    put(folder, "x.txt", "");
    assert.throws(() => idsAndFiles(folder, ["x.txt"]), {
      name: "UsageFailure",
      message: `${
        join(folder, "x.txt")
      } is no image: its name ends in none of .nii.gz, .nii, .png, .tif; name image files`,
    });
    put(folder, "x.mha", "");
    assert.throws(() => idsAndFiles(folder, ["x.mha"]), {
      name: "Failure",
      message: `Cannot read ${
        join(folder, "x.mha")
      }: .mha files are not read; convert it to .nii.gz, or a slice to .png`,
    });
    mkdirSync(join(folder, "empty"));
    assert.throws(() => idsAndFiles(folder, ["empty"]), {
      message: `${join(folder, "empty")}: found no image files (.nii.gz, .nii, .png, .tif); check the folder`,
    });
  });
});

test("read() of a case names channels, truncated files and NaN", () => {
  withFolder((folder) => {
    putNifti(folder, "x.nii.gz", { channels: 3 });
    const { metadata } = identityModel({ channels: 2 });
    const [x] = findCases([join(folder, "x.nii.gz")], { metadata, reporter: silentReporter });
    assert.throws(() => x?.read(), {
      message: `${join(folder, "x.nii.gz")}: found 3 channels, expected 2 (channel 0, channel 1) as the model was ` +
        `trained on; give one file with all channels or files named <case>_0000, <case>_0001, …`,
    });
    const data = new Float32Array(24).fill(1);
    data[7] = NaN;
    putNifti(folder, "n.nii.gz", { data });
    const single = identityModel().metadata;
    const [n] = findCases([join(folder, "n.nii.gz")], { metadata: single, reporter: silentReporter });
    assert.throws(() => n?.read(), {
      message: `${join(folder, "n.nii.gz")}: found intensity NaN at voxel (3, 1, 0), expected finite numbers; ` +
        `export the image again or replace the value`,
    });
  });
});
