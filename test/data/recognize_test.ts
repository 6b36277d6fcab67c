import assert from "node:assert/strict";
import { test } from "node:test";
import { readFolder } from "../../src/data/folder.ts";
import { recognizeLayout } from "../../src/data/recognize.ts";
import { put, withFolder } from "./made_folders.ts";

function recognize(files: Readonly<Record<string, unknown>>, name?: string): { layout: string; evidence: string } {
  let result = { layout: "", evidence: "" };
  withFolder((folder) => {
    for (const [path, content] of Object.entries(files)) put(folder, path, content);
    try {
      const found = recognizeLayout(readFolder(folder), name);
      result = { layout: found.name, evidence: found.evidence };
    } catch (error) {
      if (error instanceof Error) error.message = error.message.replaceAll(folder, "ROOT");
      throw error;
    }
  });
  return result;
}

const MSD = {
  "dataset.json": { modality: { 0: "T1" }, training: [{ image: "./imagesTr/a.nii.gz", label: "./labelsTr/a.nii.gz" }] },
};

test("recognizeLayout() tells the five layouts with their evidence", () => {
  assert.deepEqual(recognize(MSD), { layout: "msd", evidence: "dataset.json with modality and 1 training pairs" });
  assert.deepEqual(recognize({ "dataset.json": { channel_names: { 0: "T2" }, file_ending: ".nii.gz" } }), {
    layout: "nnunet",
    evidence: "dataset.json with channel_names and file_ending .nii.gz (version 2)",
  });
  assert.deepEqual(recognize({ ...MSD, "imagesTr/a_0000.nii.gz": "" }), {
    layout: "nnunet",
    evidence: "dataset.json with modality and images named _0000 (version 1)",
  });
  assert.deepEqual(recognize({ "HGG/B1/B1_seg.nii.gz": "", "HGG/B1/B1_flair.nii.gz": "" }), {
    layout: "brats",
    evidence: "1 case folders such as HGG/B1 with a segmentation and flair",
  });
  assert.deepEqual(recognize({ "T_1/T_1_2.tif": "", "T_1/T_1_2_mask.tif": "", "T_1/T_1_3.tif": "" }), {
    layout: "lgg",
    evidence: "1 patient folders such as T_1 with 2 slices",
  });
  assert.deepEqual(recognize({ "imgs_r/train/a.png": "", "labels/train/a.png": "", "imgs_r/val/b.png": "" }), {
    layout: "pairs",
    evidence: "folders imgs_r and labels split into train, val",
  });
  assert.deepEqual(recognize({ "a.png": "", "a_mask.png": "" }), {
    layout: "pairs",
    evidence: "1 files named like a.png with a mask beside it",
  });
});

test("recognizeLayout() takes a Decathlon case named 0000 for what it is", () => {
  const training = [{ image: "imagesTr/a_0000.nii.gz", label: "labelsTr/a_0000.nii.gz" }];
  const files = { "dataset.json": { modality: { 0: "T1" }, training }, "imagesTr/a_0000.nii.gz": "" };
  assert.equal(recognize(files).layout, "msd");
});

test("recognizeLayout() obeys --layout and refuses unknown names", () => {
  assert.equal(recognize({ "a.png": "", "a_mask.png": "" }, "lgg").layout, "lgg");
  assert.throws(() => recognize({}, "dicom"), {
    name: "UsageFailure",
    message: 'Unknown layout "dicom", expected one of msd, nnunet, brats, lgg, pairs',
  });
});

test("recognizeLayout() refuses two matches", () => {
  const files = { "B1/B1_seg.nii": "", "B1/B1_t1.nii": "", "k/T_1/T_1_2.tif": "", "k/T_1/T_1_2_mask.tif": "" };
  assert.throws(() => recognize(files), {
    name: "Failure",
    message: "ROOT looks like brats (1 case folders such as B1 with a segmentation and t1) and " +
      "lgg (1 patient folders such as k/T_1 with 1 slices); expected one layout; " +
      "give one with --layout or the folder of one data set",
  });
});

test("recognizeLayout() says what it saw and what is nearest where nothing fits", () => {
  const cases: [Record<string, unknown>, string][] = [
    [
      {},
      "found no files; the nearest layout is pairs (images/ and masks/ (with or without train/, val/, test/), or " +
      "x.png beside x_mask.png)",
    ],
    [{ "Task04/dataset.json": {} }, "found 1 .json in Task04; dataset.json lies in Task04: give that folder"],
    [
      { "dataset.json": { name: "x" }, "a.txt": "" },
      "found 1 .txt, 1 .json; dataset.json has neither channel_names and file_ending (nnunet) nor modality and " +
      "training (msd): complete it",
    ],
    [
      { "imagesTr/a.nii.gz": "", "labelsTr/a.nii.gz": "" },
      "found 2 .nii.gz in imagesTr, labelsTr; the nearest layout is msd (dataset.json with modality and training[], " +
      "imagesTr/, labelsTr/): dataset.json is missing, copy it into the folder",
    ],
    [
      { "p1/x_flair.nii.gz": "", "p1/x_seg.nii.gz": "" },
      "found 2 .nii.gz in p1; the nearest layout is brats (one folder per case with <case>_flair.nii.gz, " +
      "<case>_t1ce.nii.gz, … and <case>_seg.nii.gz): name the folders like the beginning of their files",
    ],
  ];
  for (const [files, seen] of cases) {
    assert.throws(() => recognize(files), { message: `No data set layout recognized in ROOT: ${seen}` });
  }
});
