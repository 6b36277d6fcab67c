import assert from "node:assert/strict";
import { test } from "node:test";
import { readFolder } from "../../src/data/folder.ts";
import { nnunet } from "../../src/data/layouts/nnunet.ts";
import type { LayoutIndex } from "../../src/data/layout.ts";
import { put, withFolder } from "./made_folders.ts";

const V2 = { channel_names: { 0: "T2", 1: "ADC" }, labels: { background: 0, PZ: 1, TZ: 2 }, file_ending: ".nii.gz" };

function read(description: unknown, files: readonly string[]): LayoutIndex {
  let index: LayoutIndex | undefined;
  withFolder((folder) => {
    put(folder, "dataset.json", description);
    for (const file of files) put(folder, file, "");
    index = nnunet.read(readFolder(folder));
  });
  return index as unknown as LayoutIndex;
}

test("nnunet reads version 2: one file per channel in the order of the numbers", () => {
  const files = ["imagesTr/p_10_0001.nii.gz", "imagesTr/p_10_0000.nii.gz", "labelsTr/p_10.nii.gz"];
  const others = files.map((file) => file.replace("p_10", "p_2"));
  const index = read(V2, [...files, ...others, "imagesTs/q_0000.nii.gz"]);
  assert.deepEqual(index.channels, ["T2", "ADC"]);
  assert.deepEqual(index.labels, [{ value: 1, name: "PZ" }, { value: 2, name: "TZ" }]);
  assert.deepEqual(index.findings, []);
  assert.deepEqual(index.cases.map(({ id }) => id), ["p_2", "p_10"]);
  assert.deepEqual(index.cases[1]?.images, ["imagesTr/p_10_0000.nii.gz", "imagesTr/p_10_0001.nii.gz"]);
});

test("nnunet names the usual mistakes", () => {
  const { findings, cases } = read(V2, [
    "imagesTr/a_0000.nii.gz",
    "imagesTr/a_0001.nii.gz",
    "labelsTr/a_0000.nii.gz",
    "imagesTr/b_0000.nii.gz",
    "labelsTr/b.nii.gz",
    "imagesTr/c_000.nii.gz",
    "labelsTr/d.nii.gz",
  ]);
  assert.deepEqual(cases, []);
  assert.deepEqual(findings.map(({ code, file, remedy }) => [code, file, remedy]), [
    ["E07", "imagesTr/c_000.nii.gz", "rename the file"],
    ["E01", "imagesTr/a_0000.nii.gz", "rename it: masks carry no channel number"],
    ["E07", "imagesTr/b_0001.nii.gz", "add the channel"],
    ["E02", "labelsTr/d.nii.gz", "add the image or move the mask away"],
  ]);
});

test("nnunet reads regions: the numbers of the masks by their innermost region", () => {
  const labels = { background: 0, whole: [1, 2, 3], core: [2, 3], enhancing: 3 };
  const index = read({ ...V2, labels, regions_class_order: [1, 2, 3] }, []);
  assert.deepEqual(index.labels, [
    { value: 1, name: "whole" },
    { value: 2, name: "core" },
    { value: 3, name: "enhancing" },
  ]);
  assert.deepEqual(index.regions.map(({ name, values }) => [name, values]), [
    ["whole", [1, 2, 3]],
    ["core", [2, 3]],
    ["enhancing", [3]],
  ]);
});

test("nnunet reads what regions_class_order writes for each region", () => {
  const labels = { background: 0, whole: [1, 2, 3], core: [2, 3], enhancing: 3, ignore: 4 };
  const index = read({ ...V2, labels, regions_class_order: [1, 2, 3] }, []);
  assert.equal(index.regionsAreClasses, true);
  assert.deepEqual(index.regions, [
    { name: "whole", values: [1, 2, 3], value: 1 },
    { name: "core", values: [2, 3], value: 2 },
    { name: "enhancing", values: [3], value: 3 },
  ]);
});

test("nnunet refuses an order of regions that masks cannot hold, and says one that they can", () => {
  const refused = (labels: Record<string, unknown>, order: unknown): string => {
    try {
      read({ ...V2, labels, regions_class_order: order }, []);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  const labels = { background: 0, core: [2, 3], whole: [1, 2, 3] };
  assert.equal(
    refused(labels, [2, 1]),
    "dataset.json: regions_class_order is [2, 1] (core is written as 2, which belongs to whole too, a region after it), " +
      "expected a value for each of core, whole that lies in no region after it; " +
      'write the regions in the order whole, core with "regions_class_order": [1,2]',
  );
  assert.match(
    refused(labels, [1]),
    /^dataset\.json: regions_class_order is \[1\], expected a value for each of core, whole/,
  );
  assert.match(refused(labels, "1"), /regions_class_order is "1", expected a value for each/);
  assert.equal(refused({ background: 0, whole: labels.whole, core: labels.core }, [1, 2]), "", "the remedy mends it");
});

test("nnunet reads explicit file lists and refuses those that leave the folder", () => {
  const dataset = { x: { images: ["i/x2.nii.gz", "i/x1.nii.gz"], label: "l/x.nii.gz" } };
  const { cases } = read({ ...V2, dataset }, ["i/x1.nii.gz", "i/x2.nii.gz", "l/x.nii.gz"]);
  assert.deepEqual(cases, [{ id: "x", images: ["i/x2.nii.gz", "i/x1.nii.gz"], mask: "l/x.nii.gz" }]);
  assert.throws(() => read({ ...V2, dataset: { x: { images: ["/x.nii.gz"], label: "l/x.nii.gz" } } }, []), {
    name: "Failure",
    message: /^dataset\.json names "\/x\.nii\.gz", which leaves the data set folder/,
  });
});

test("nnunet reads version 1 with the cases that dataset.json lists", () => {
  const description = {
    modality: { 0: "MRI" },
    labels: { 0: "background", 1: "PZ" },
    training: [{ image: "./imagesTr/a.nii.gz", label: "./labelsTr/a.nii.gz" }],
  };
  const files = ["imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz", "imagesTr/b_0000.nii.gz", "labelsTr/b.nii.gz"];
  const index = read(description, files);
  assert.deepEqual(index.labels, [{ value: 1, name: "PZ" }]);
  assert.deepEqual(index.cases.map(({ id, images }) => [id, images]), [["a", ["imagesTr/a_0000.nii.gz"]]]);
});

test("nnunet refuses file endings that cannot be read", () => {
  assert.throws(() => read({ ...V2, file_ending: ".nrrd" }, []), {
    message:
      'dataset.json: file_ending is ".nrrd", expected one of .nii.gz, .nii, .png, .tif; convert the files to .nii.gz',
  });
});
