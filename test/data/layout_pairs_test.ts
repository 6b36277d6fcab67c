import assert from "node:assert/strict";
import { test } from "node:test";
import { openDataset } from "../../src/data/dataset.ts";
import { readFolder } from "../../src/data/folder.ts";
import { pairs } from "../../src/data/layouts/pairs.ts";
import type { LayoutIndex } from "../../src/data/layout.ts";
import { put, putNifti, putPng, withFolder } from "./made_folders.ts";

const GREY = { data: new Uint8Array(6), width: 3, height: 2 };

function read(files: readonly string[]): LayoutIndex {
  let index: LayoutIndex | undefined;
  withFolder((folder) => {
    for (const file of files) file.endsWith(".png") ? putPng(folder, file, GREY) : put(folder, file, "");
    index = pairs.read(readFolder(folder));
  });
  return index as unknown as LayoutIndex;
}

test("pairs pairs by name, not by order, and groups slices by patient", () => {
  const index = read(["images/p1_10.png", "images/p1_2.png", "images/p2_1.png"].flatMap((path) => [
    path,
    path.replace("images", "masks").replace(".png", "_mask.png"),
  ]));
  assert.equal(index.channels, undefined);
  assert.equal(index.labels, undefined);
  assert.equal(index.givenSplits, undefined);
  assert.deepEqual(index.findings, []);
  assert.deepEqual(index.cases, [
    {
      id: "p1",
      images: [],
      slices: [
        { image: "images/p1_2.png", mask: "masks/p1_2_mask.png" },
        { image: "images/p1_10.png", mask: "masks/p1_10_mask.png" },
      ],
    },
    { id: "p2", images: [], slices: [{ image: "images/p2_1.png", mask: "masks/p2_1_mask.png" }] },
  ]);
});

test("pairs takes the number for the case where all files share the rest of the name", () => {
  const index = read(["image_1", "image_2"].flatMap((name) => [`images/train/${name}.png`, `masks/train/${name}.png`]));
  assert.deepEqual(index.cases.map(({ id }) => id), ["image_1", "image_2"]);
  assert.deepEqual(index.givenSplits, { train: ["image_1", "image_2"], val: [], test: [] });
});

test("pairs respects the given split and warns of a group that spans it", () => {
  const files = ["train/a_1", "train/b_1", "val/a_2", "test/c_1"];
  const index = read(files.flatMap((name) => [`imgs_r/${name}.png`, `labels/${name}.png`]));
  assert.deepEqual(index.givenSplits, { train: ["a@train", "b"], val: ["a@val"], test: ["c"] });
  assert.deepEqual(index.findings, [{
    code: "W07",
    file: "a",
    found: "slices of this group in train, val",
    expected: "all slices of a patient in one split",
    remedy: "move them into one split if they are of one patient, else the score is too good",
  }]);
});

test("pairs reports orphans on both sides, lossy masks and repeated names", () => {
  const { findings, cases } = read([
    "images/a.png",
    "images/b.png",
    "masks/c.png",
    "images/d.png",
    "masks/d.jpg",
    "images/e.png",
    "images/e.tif",
    "masks/e.png",
  ]);
  assert.deepEqual(cases.map(({ id }) => id), ["e"]);
  assert.deepEqual(findings.map(({ code, file, found }) => [code, file, found]), [
    ["E12", "images/e.tif", "the case id e, which images/e.png has too"],
    ["E01", "images/a.png", "no mask for this image"],
    ["E01", "images/b.png", "no mask for this image"],
    ["E13", "masks/d.jpg", "a .jpg mask, whose compression changes labels"],
    ["E02", "masks/c.png", "no image for this mask"],
  ]);
});

test("pairs refuses two folders of images", () => {
  withFolder((folder) => {
    for (const name of ["imgs", "imgs_r", "labels"]) putPng(folder, `${name}/a.png`, GREY);
    assert.throws(() => pairs.read(readFolder(folder)), {
      message: `${folder} holds the folders imgs, imgs_r, labels, expected one with images and one with masks; ` +
        "move the others away",
    });
  });
});

test("pairs takes a NIfTI file for a case and leaves its channels to the files", () => {
  withFolder((folder) => {
    putNifti(folder, "sub1.nii.gz", { channels: 2 });
    putNifti(folder, "sub1_seg.nii.gz");
    const index = pairs.read(readFolder(folder));
    assert.equal(index.channels, undefined);
    assert.deepEqual(index.cases, [{ id: "sub1", images: ["sub1.nii.gz"], mask: "sub1_seg.nii.gz" }]);
    assert.deepEqual(openDataset(folder).channels, ["channel 0", "channel 1"]);
  });
});
