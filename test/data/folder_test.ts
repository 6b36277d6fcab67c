import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { naturalOrder, pathInside, readFolder, stemOf } from "../../src/data/folder.ts";
import { put, withFolder } from "./made_folders.ts";

test("naturalOrder() sorts digit runs by number", () => {
  const names = ["a_10", "a_2", "a_1", "b", "a_02", "a"];
  assert.deepEqual(names.sort(naturalOrder), ["a", "a_1", "a_02", "a_2", "a_10", "b"]);
});

test("stemOf() takes folder and image extension away", () => {
  assert.deepEqual(["x/a.b.nii.gz", "a.NII", "b.tif", "c_mask.png"].map(stemOf), ["a.b", "a", "b", "c_mask"]);
});

test("readFolder() skips hidden and macOS files", () => {
  withFolder((folder) => {
    for (const path of ["b/2.png", "b/10.png", "._b.png", "b/._2.png", ".x/a.png", "__MACOSX/a.png"]) {
      put(folder, path, "");
    }
    assert.deepEqual(readFolder(folder).files, ["b/2.png", "b/10.png"]);
  });
});

test("readFolder() throws on a missing folder, a file, and a broken dataset.json", () => {
  withFolder((folder) => {
    const missing = join(folder, "no");
    assert.throws(() => readFolder(missing), {
      name: "Failure",
      message: `Data set folder ${missing} does not exist; check the path`,
    });
    put(folder, "dataset.json", "[1]");
    const file = join(folder, "dataset.json");
    assert.throws(() => readFolder(file), {
      message: `${file} is a file, expected a data set folder; give the folder that holds it`,
    });
    assert.throws(() => readFolder(folder), {
      message: `Cannot use ${file}: it holds [1], expected an object; correct the file`,
    });
    put(folder, "dataset.json", "{");
    assert.throws(() => readFolder(folder), {
      name: "Failure",
      message: /^Cannot read .*dataset\.json: it is no JSON .*; correct the file$/,
    });
  });
});

test("readFolder() refuses links that lead out and keeps those that stay inside", () => {
  withFolder((outer) => {
    const folder = join(outer, "set");
    put(outer, "secret.png", "x");
    put(folder, "a.png", "x");
    symlinkSync(join(folder, "a.png"), join(folder, "b.png"));
    assert.deepEqual(readFolder(folder).files, ["a.png", "b.png"]);
    symlinkSync("../secret.png", join(folder, "c.png"));
    assert.throws(() => readFolder(folder), {
      message: `c.png in ${folder} is a link to ${join(outer, "secret.png")}; ` +
        "expected the file itself; copy it into the data set folder",
    });
  });
});

test("pathInside() refuses everything that leaves the folder", () => {
  withFolder((outer) => {
    const folder = join(outer, "set");
    mkdirSync(folder);
    put(outer, "secret.png", "x");
    symlinkSync("../secret.png", join(folder, "link.png"));
    assert.equal(pathInside(folder, "./imagesTr//a.nii.gz", "dataset.json"), "imagesTr/a.nii.gz");
    for (const path of ["../a", "x/../../a", "/etc/passwd", "C:\\a", "..\\a", "a\0b", "link.png"]) {
      assert.throws(() => pathInside(folder, path, "dataset.json"), {
        name: "Failure",
        message: `dataset.json names ${JSON.stringify(path)}, which leaves the data set folder; ` +
          "expected a path inside it; copy the file into the folder and correct the path",
      });
    }
  });
});
