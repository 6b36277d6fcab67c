import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDataset } from "../../src/data/dataset.ts";
import { readFolder } from "../../src/data/folder.ts";
import { msd } from "../../src/data/layouts/msd.ts";
import { put, putMsd, putNifti, withFolder } from "./made_folders.ts";

test("msd reads pairs, channel names and labels", () => {
  withFolder((folder) => {
    putMsd(folder);
    put(folder, "imagesTr/._c1.nii.gz", "");
    const index = msd.read(readFolder(folder));
    assert.deepEqual(index, {
      channels: ["MRI"],
      labels: [{ value: 1, name: "anterior" }, { value: 2, name: "posterior" }],
      regions: [],
      cases: [
        { id: "c1", images: ["imagesTr/c1.nii.gz"], mask: "labelsTr/c1.nii.gz" },
        { id: "c2", images: ["imagesTr/c2.nii.gz"], mask: "labelsTr/c2.nii.gz" },
      ],
      findings: [],
    });
  });
});

test("msd reports missing, orphaned and repeated files", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 3 });
    rmSync(join(folder, "labelsTr/c1.nii.gz"));
    rmSync(join(folder, "imagesTr/c2.nii.gz"));
    putNifti(folder, "labelsTr/c9.nii.gz");
    const { findings, cases } = msd.read(readFolder(folder));
    assert.deepEqual(cases.map(({ id }) => id), ["c3"]);
    assert.deepEqual(findings, [
      {
        code: "E01",
        file: "imagesTr/c1.nii.gz",
        found: "no mask for this image",
        expected: "labelsTr/c1.nii.gz",
        remedy: "add the mask or move the image away",
      },
      {
        code: "E02",
        file: "labelsTr/c2.nii.gz",
        found: "no image for this mask",
        expected: "imagesTr/c2.nii.gz",
        remedy: "add the image or move the mask away",
      },
      {
        code: "E02",
        file: "labelsTr/c9.nii.gz",
        found: "a label that dataset.json does not list",
        expected: "every file of labelsTr in training[]",
        remedy: "add the pair to dataset.json or move the label away",
      },
    ]);
    assert.throws(() => openDataset(folder), {
      name: "Failure",
      message: "imagesTr/c1.nii.gz: found no mask for this image, expected labelsTr/c1.nii.gz; " +
        `add the mask or move the image away (and 2 more; seg check ${folder} shows all faults)`,
    });
  });
});

test("msd reports a case that is listed twice", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 1 });
    const pair = { image: "./imagesTr/c1.nii.gz", label: "./labelsTr/c1.nii.gz" };
    put(folder, "dataset.json", { modality: { 0: "T1" }, labels: { 0: "b", 1: "x" }, training: [pair, pair] });
    assert.throws(() => openDataset(folder), {
      message: "imagesTr/c1.nii.gz: found case id c1 for the second time, expected one case per id; " +
        `rename one of the files or remove the copy (seg check ${folder} shows all faults)`,
    });
  });
});

test("msd refuses entries that are no pair or leave the folder", () => {
  withFolder((folder) => {
    const write = (training: unknown) => put(folder, "dataset.json", { modality: { 0: "T1" }, training });
    write(["./imagesTr/a.nii.gz"]);
    assert.throws(() => openDataset(folder), {
      message:
        'dataset.json: training[0] is "./imagesTr/a.nii.gz", expected {"image": path, "label": path}; correct the entry',
    });
    write([{ image: "../a.nii.gz", label: "labelsTr/a.nii.gz" }]);
    assert.throws(() => openDataset(folder), {
      message: 'dataset.json names "../a.nii.gz", which leaves the data set folder; expected a path inside it; ' +
        "copy the file into the folder and correct the path",
    });
  });
});
