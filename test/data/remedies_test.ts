/** Every remedy that is an option, or a change of a file that can be named, is tried on the case that provokes it. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkDataset, type CheckOptions } from "../../src/data/check.ts";
import { openDataset } from "../../src/data/dataset.ts";
import { findingSentence } from "../../src/data/finding.ts";
import { parseLabelNames } from "../../src/data/label_texts.ts";
import { BACKBONES, buildNet } from "../../src/graph/nets/catalog.ts";
import { maskOf, put, putMsd, putNifti, putPng, withFolder } from "./made_folders.ts";

/** The first error or warning of a code. */
function finding(folder: string, code: string, options: CheckOptions = {}) {
  const { errors, warnings } = checkDataset(folder, options);
  const found = [...errors, ...warnings].find((one) => one.code === code);
  assert.ok(found, `${code} among ${[...errors, ...warnings].map((one) => one.code)}`);
  return found;
}

/** The value of an option in a remedy. */
function offered(remedy: string, option: string): string {
  const value = new RegExp(`--${option}[ =](\\S+?)[,)]?(?: |$)`).exec(remedy)?.[1];
  assert.ok(value !== undefined, `--${option} in: ${remedy}`);
  return value;
}

const errorsOf = (folder: string, options: CheckOptions) => checkDataset(folder, options).errors.map(findingSentence);

test("E08: a map to a label that is missing, a name, and leaving out each mend it", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1, 4) });
    const { remedy } = finding(folder, "E08");
    const ways: CheckOptions[] = [
      { map: offered(remedy, "map") },
      { names: offered(remedy, "names").replace("NAME", "cavity") },
      { ignore: [offered(remedy, "ignore")] },
    ];
    for (const options of ways) assert.deepEqual(errorsOf(folder, options), [], JSON.stringify(options));
    const { labels } = openDataset(folder, ways[1] ?? {});
    assert.deepEqual(labels.map(({ value, name }) => [value, name]), [[1, "anterior"], [2, "posterior"], [
      4,
      "cavity",
    ]]);
    // All declared labels are there: no map is offered that would erase or merge one.
    putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1, 2, 4) });
    assert.doesNotMatch(finding(folder, "E08").remedy, /--map/);
  });
});

test("E08: values below 0 are left out or mapped to background", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    putNifti(folder, "labelsTr/c1.nii.gz", { data: Int8Array.from(maskOf(1, 2)).fill(-1, 5, 9) });
    const { remedy } = finding(folder, "E08");
    assert.deepEqual(errorsOf(folder, { ignore: [offered(remedy, "ignore")] }), []);
    assert.deepEqual(errorsOf(folder, { map: offered(remedy, "map") }), []);
  });
});

test("E13: a threshold makes one label of grey edges and of probabilities", () => {
  withFolder((folder) => {
    for (let i = 0; i < 3; i++) {
      const grey = Uint8Array.from(
        { length: 100 },
        (_, pixel) => pixel < 40 ? 0 : pixel < 60 ? 12 * (pixel - 39) : 255,
      );
      putPng(folder, `images/a${i}.png`, { data: grey.map((value) => value ^ (i + 1)), width: 10, height: 10 });
      putPng(folder, `masks/a${i}.png`, { data: grey, width: 10, height: 10 });
    }
    const grey = finding(folder, "E13");
    const maskThreshold = Number(offered(grey.remedy, "mask-threshold"));
    assert.equal(maskThreshold, 128);
    assert.deepEqual(errorsOf(folder, { maskThreshold }), []);
    assert.deepEqual(checkDataset(folder, { maskThreshold }).fingerprint.classes[0]?.medianVolume, 50);
  });
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    const description = JSON.parse(readFileSync(join(folder, "dataset.json"), "utf8"));
    put(folder, "dataset.json", { ...description, labels: { 0: "background", 1: "lesion" } });
    for (const id of ["c1", "c2"]) {
      putNifti(folder, `labelsTr/${id}.nii.gz`, { data: Float32Array.from({ length: 24 }, (_, i) => i / 23) });
    }
    const maskThreshold = Number(offered(finding(folder, "E13").remedy, "mask-threshold"));
    assert.deepEqual(errorsOf(folder, { maskThreshold }), []);
    assert.deepEqual(openDataset(folder, { maskThreshold }).labels.map(({ name }) => name), ["lesion"]);
    // Several labels cannot be told apart by one threshold.
    put(folder, "dataset.json", description);
    assert.doesNotMatch(finding(folder, "E13").remedy, /--mask-threshold/);
    assert.throws(() => openDataset(folder, { maskThreshold }), {
      name: "UsageFailure",
      message:
        "--mask-threshold makes one label of a mask, but the data set declares anterior, posterior; leave it out",
    });
  });
});

test("E07: a mask with a channel per class becomes one of values", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    const oneHot = new Uint8Array(48);
    oneHot[0] = 1;
    oneHot[24 + 1] = 1;
    putNifti(folder, "labelsTr/c1.nii.gz", { data: oneHot, channels: 2 });
    assert.match(finding(folder, "E07").remedy, /\(one-hot\), write k where channel k is 1, and 0 elsewhere$/);
    putNifti(folder, "labelsTr/c1.nii.gz", {
      data: Uint8Array.from({ length: 24 }, (_, i) => oneHot[i] ? 1 : oneHot[24 + i] ? 2 : 0),
    });
    assert.deepEqual(errorsOf(folder, {}), []);
  });
});

test("W08: the size that is recommended is one that every network takes, and is large enough", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 6 });
    for (let i = 1; i <= 6; i++) {
      const data = new Uint8Array(60 * 60);
      data[10 * 60 + 10] = 1;
      const image = Float32Array.from({ length: data.length }, (_, voxel) => voxel + i);
      putNifti(folder, `imagesTr/c${i}.nii.gz`, { shape: [60, 60, 1], data: image });
      putNifti(folder, `labelsTr/c${i}.nii.gz`, { shape: [60, 60, 1], data });
    }
    const inputSize = Number(offered(finding(folder, "W08", { inputSize: 32 }).remedy, "input-size").replace("(", ""));
    assert.deepEqual(checkDataset(folder, { inputSize }).warnings.filter(({ code }) => code === "W08"), []);
    for (const net of Object.keys(BACKBONES)) {
      buildNet({ net, width: 1, channels: 1, classes: 1, inputSize, outputSize: Math.max(256, inputSize), seed: 0 });
    }
  });
});

test("a path of dataset.json may be absolute where it lies in the folder, and files elsewhere are listed under dataset", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    const description = JSON.parse(readFileSync(join(folder, "dataset.json"), "utf8"));
    const training = description.training.map(({ image, label }: { image: string; label: string }) => ({
      image: join(folder, image),
      label: join(folder, label),
    }));
    put(folder, "dataset.json", { ...description, training });
    assert.deepEqual(errorsOf(folder, {}), []);
  });
  withFolder((folder) => {
    putNifti(folder, "scans/a.nii.gz");
    putNifti(folder, "truth/a.nii.gz", { data: maskOf(1) });
    const description = { channel_names: { 0: "MRI" }, labels: { background: 0, lesion: 1 }, file_ending: ".nii.gz" };
    put(folder, "dataset.json", description);
    const { remedy } = finding(folder, "E02");
    const listed = JSON.parse(`{${/"dataset": \{.*\}$/.exec(remedy)?.[0]}}`);
    const [entry] = Object.values(listed.dataset) as [{ images: string[]; label: string }];
    assert.deepEqual(Object.keys(entry), ["images", "label"]);
    put(folder, "dataset.json", {
      ...description,
      dataset: { a: { images: ["scans/a.nii.gz"], label: "truth/a.nii.gz" } },
    });
    assert.deepEqual(errorsOf(folder, {}), []);
    put(folder, "dataset.json", description);
    mkdirSync(join(folder, "imagesTr"));
    mkdirSync(join(folder, "labelsTr"));
    renameSync(join(folder, "scans/a.nii.gz"), join(folder, "imagesTr/a_0000.nii.gz"));
    renameSync(join(folder, "truth/a.nii.gz"), join(folder, "labelsTr/a.nii.gz"));
    assert.deepEqual(errorsOf(folder, {}), []);
  });
});

/** A BraTS folder of two cases whose masks hold `values`. */
function putBrats(folder: string, kind: string, values: readonly number[]): void {
  for (const number of [1, 2]) {
    const id = `BraTS-${kind}-0000${number}-000`;
    putNifti(folder, `${id}/${id}-t1c.nii.gz`, { data: Float32Array.from({ length: 24 }, (_, i) => i + number) });
    putNifti(folder, `${id}/${id}-seg.nii.gz`, { data: maskOf(...values) });
  }
}

test("names of BraTS come with the values that the masks hold", () => {
  for (
    const [kind, values, expected] of [
      ["GLI", [1, 2, 3], "1 necrosis, 2 edema, 3 enhancing"],
      ["GLI", [1, 2, 3, 4], "1 necrosis, 2 edema, 3 enhancing, 4 resection cavity"],
      ["MET", [1, 2, 3, 4], "1 necrosis, 2 edema, 3 enhancing, 4 resection cavity"],
      ["PED", [1, 2, 3], "1 necrosis, 2 edema, 3 enhancing"],
      ["PED", [1, 2, 3, 4], "1 enhancing, 2 non-enhancing, 3 cystic component, 4 edema"],
    ] as const
  ) {
    withFolder((folder) => {
      putBrats(folder, kind, values);
      const { labels } = openDataset(folder);
      assert.equal(labels.map(({ value, name }) => `${value} ${name}`).join(", "), expected, kind);
      assert.deepEqual(errorsOf(folder, {}), []);
      const core = openDataset(folder, { labels: ["core"] }).labels[0]?.values;
      assert.deepEqual(core, kind === "PED" && values.length === 4 ? [1, 2, 3] : [1, 3]);
    });
  }
  // A value of no convention: the program asks for its name.
  withFolder((folder) => {
    putBrats(folder, "GLI", [1, 2, 3, 5]);
    const { remedy } = finding(folder, "E08");
    const names = offered(remedy, "names").replace("NAME", "implant");
    assert.deepEqual(errorsOf(folder, { names }), []);
    assert.equal(openDataset(folder, { names }).labels.at(-1)?.name, "implant");
  });
});

test("parseLabelNames() reads pairs and refuses the rest", () => {
  assert.deepEqual(parseLabelNames("1:edema, 2: tumour core"), [
    { value: 1, name: "edema" },
    { value: 2, name: "tumour core" },
  ]);
  for (const text of ["edema", "0:x", "1:", "1:a,1:b", "1:a,2:A", ""]) {
    assert.throws(() => parseLabelNames(text), {
      name: "UsageFailure",
      message: /^Cannot read --names .*, every value and/,
    });
  }
});
