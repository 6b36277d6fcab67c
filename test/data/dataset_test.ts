import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type CaseFiles, type DatasetIndex, loadCase, openDataset } from "../../src/data/dataset.ts";
import { scalingAffine, spacingMm } from "../../src/imaging/volume.ts";
import { maskOf, put, putMsd, putNifti, putPng, putTiff, withFolder } from "./made_folders.ts";

function firstCase(index: DatasetIndex): CaseFiles {
  return index.cases[0] as CaseFiles;
}

/** The sentence with which loading the first case of a Decathlon folder fails after `spoil`. */
function sentenceOf(spoil: (folder: string) => void): string {
  let sentence = "";
  withFolder((folder) => {
    putMsd(folder, { count: 1 });
    spoil(folder);
    const index = openDataset(folder);
    assert.throws(() => loadCase(index, firstCase(index)), (error: Error) => {
      assert.equal(error.name, "FindingFailure");
      sentence = error.message;
      return true;
    });
  });
  return sentence;
}

test("loadCase() gives class indices on the grid of the image", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 1 });
    const index = openDataset(folder, { labels: ["posterior"] });
    assert.deepEqual(index.labels, [{ value: 2, name: "posterior", values: [2] }]);
    const { image, mask, geometry } = loadCase(index, firstCase(index));
    assert.deepEqual([image.shape, image.channels, image.spacingKnown], [[4, 3, 2], 1, true]);
    assert.deepEqual([...mask?.data.subarray(0, 4) ?? []], [0, 1, 0, 0]);
    assert.deepEqual(geometry?.shape, [4, 3, 2]);
  });
});

test("loadCase() accepts float masks next to whole numbers", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 1 });
    putNifti(folder, "labelsTr/c1.nii.gz", { data: Float32Array.from(maskOf(1, 2)).map((value) => value * 1.0004) });
    const index = openDataset(folder);
    assert.deepEqual([...loadCase(index, firstCase(index)).mask?.data.subarray(0, 3) ?? []], [1, 2, 0]);
  });
});

test("loadCase() names the value and the file of a mask with fractions", () => {
  const data = Float32Array.from(maskOf(1, 2));
  data[5] = 0.5;
  assert.equal(
    sentenceOf((folder) => putNifti(folder, "labelsTr/c1.nii.gz", { data })),
    "labelsTr/c1.nii.gz: found the label value 0.5, expected whole numbers from 0; " +
      "export the mask again without interpolation",
  );
});

test("loadCase() refuses unknown labels with a ready --map", () => {
  assert.equal(
    sentenceOf((folder) => putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1, 4) })),
    "labelsTr/c1.nii.gz: found label values 0, 1, 4, expected only 0, 1, 2; correct the file, add --map 4:2, " +
      "name what is missing with --names 4:NAME, or leave such voxels out with --ignore 4",
  );
  withFolder((folder) => {
    putMsd(folder, { count: 1 });
    putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1, 4) });
    const index = openDataset(folder, { map: "4:2" });
    assert.deepEqual([...loadCase(index, firstCase(index)).mask?.data.subarray(0, 3) ?? []], [1, 2, 0]);
  });
});

test("loadCase() refuses image and mask on different grids", () => {
  assert.equal(
    sentenceOf((folder) => putNifti(folder, "labelsTr/c1.nii.gz", { shape: [4, 3, 3], data: new Uint8Array(36) })),
    "labelsTr/c1.nii.gz: found shape 4×3×3, expected 4×3×2 as in imagesTr/c1.nii.gz; " +
      "resample one of them to the other's grid",
  );
  assert.equal(
    sentenceOf((folder) => {
      putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1), affine: scalingAffine([1, 1, 2.5]) });
    }),
    "labelsTr/c1.nii.gz: found voxels of 1×1×2.5 mm, expected 1×1×2 mm as in imagesTr/c1.nii.gz; " +
      "correct the header that is wrong",
  );
  const shifted = [...scalingAffine([1, 1, 2])];
  shifted[3] = 3;
  shifted[7] = 4;
  const shift = (folder: string) => putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1), affine: shifted });
  assert.equal(
    sentenceOf(shift),
    "labelsTr/c1.nii.gz: found corners up to 5.00 mm away from those of imagesTr/c1.nii.gz, most at its voxel (0, 0, 0), expected at most 0.01 mm; " +
      "correct direction and origin of the header that is wrong, or add --ignore-origin if the voxels do match",
  );
  withFolder((folder) => {
    putMsd(folder, { count: 1 });
    shift(folder);
    const index = openDataset(folder, { ignoreOrigin: true });
    assert.equal(loadCase(index, firstCase(index)).mask?.data[0], 1);
  });
});

test("loadCase() names the voxel of an infinite intensity", () => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i === 17 ? Infinity : i);
  assert.equal(
    sentenceOf((folder) => putNifti(folder, "imagesTr/c1.nii.gz", { data })),
    "imagesTr/c1.nii.gz: found intensity Infinity at voxel (1, 1, 1), expected finite numbers; " +
      "export the image again or replace the value",
  );
});

test("loadCase() names a truncated file", () => {
  const sentence = sentenceOf((folder) => {
    const path = join(folder, "labelsTr/c1.nii.gz");
    writeFileSync(path, readFileSync(path).subarray(0, 40));
  });
  assert.match(
    sentence,
    /^labelsTr\/c1\.nii\.gz: found that .*ends? early.*, expected a readable file; copy the file again$/,
  );
});

test("loadCase() selects channels of one file and of several files", () => {
  withFolder((folder) => {
    putNifti(folder, "imagesTr/a.nii.gz", { channels: 3 });
    putNifti(folder, "labelsTr/a.nii.gz", { data: maskOf(1) });
    put(folder, "dataset.json", {
      modality: { 0: "T1", 1: "T2", 2: "ADC" },
      labels: { 0: "background", 1: "lesion" },
      training: [{ image: "imagesTr/a.nii.gz", label: "labelsTr/a.nii.gz" }],
    });
    const index = openDataset(folder, { channels: ["ADC", "T1"] });
    assert.deepEqual(index.channels, ["ADC", "T1"]);
    const { image } = loadCase(index, firstCase(index));
    assert.deepEqual([image.channels, image.data[0], image.data[24]], [2, 48, 0]);
  });
  withFolder((folder) => {
    for (const [channel, offset] of [["t1", 100], ["flair", 200]] as const) {
      putNifti(folder, `A/A_${channel}.nii.gz`, { data: new Float32Array(24).fill(offset) });
    }
    putNifti(folder, "A/A_seg.nii.gz", { data: maskOf(1, 4) });
    const index = openDataset(folder);
    assert.deepEqual(index.channels, ["flair", "t1"]);
    const { image, mask } = loadCase(index, firstCase(index));
    assert.deepEqual([image.channels, image.data[0], image.data[24]], [2, 200, 100]);
    assert.deepEqual([...mask?.data.subarray(0, 3) ?? []], [1, 4, 0]);
  });
});

test("loadCase() refuses channels on different grids and a wrong number of channels", () => {
  withFolder((folder) => {
    putNifti(folder, "A/A_flair.nii.gz");
    putNifti(folder, "A/A_t1.nii.gz", { affine: scalingAffine([1, 1, 3]) });
    putNifti(folder, "A/A_seg.nii.gz", { data: maskOf(1) });
    const index = openDataset(folder);
    assert.throws(() => loadCase(index, firstCase(index)), {
      message: "A/A_t1.nii.gz: found voxels of 1×1×3 mm, expected 1×1×2 mm as in A/A_flair.nii.gz; " +
        "correct the header that is wrong",
    });
  });
  assert.equal(
    sentenceOf((folder) => putNifti(folder, "imagesTr/c1.nii.gz", { channels: 2 })),
    "imagesTr/c1.nii.gz: found 2 channels, expected 1; bring all files to the same channels",
  );
});

test("loadCase() stacks TIFF slices with three channels", () => {
  withFolder((folder) => {
    for (const number of [1, 2, 10]) {
      const colours = Uint8Array.from({ length: 18 }, (_, i) => 10 * number + i % 3);
      putTiff(folder, `P/P_${number}.tif`, { data: colours, width: 3, height: 2, channels: 3 });
      const data = new Uint8Array(6);
      if (number === 10) data[4] = 255;
      putTiff(folder, `P/P_${number}_mask.tif`, { data, width: 3, height: 2 });
    }
    const index = openDataset(folder, { channels: ["FLAIR"] });
    const { image, mask, geometry } = loadCase(index, firstCase(index));
    assert.deepEqual([index.layout, image.shape, image.channels, image.spacingKnown], ["lgg", [3, 2, 3], 1, false]);
    assert.deepEqual([...image.data].filter((_, i) => i % 6 === 0), [11, 21, 101]);
    assert.deepEqual([...mask?.data ?? []].indexOf(1), 16);
    assert.equal(geometry, undefined);
  });
});

test("openDataset() reads the labels of PNG masks from their values", () => {
  const write = (folder: string, ...masks: number[][]) => {
    masks.forEach((values, i) => {
      putPng(folder, `images/s${i}.png`, { data: new Uint8Array(6).fill(i), width: 3, height: 2 });
      putPng(folder, `masks/s${i}.png`, {
        data: Uint8Array.from({ length: 6 }, (_, k) => values[k] ?? 0),
        width: 3,
        height: 2,
      });
    });
  };
  withFolder((folder) => {
    write(folder, [255], [0]);
    const index = openDataset(folder);
    assert.deepEqual(index.labels, [{ value: 255, name: "foreground", values: [255] }]);
    assert.deepEqual([...loadCase(index, firstCase(index)).mask?.data ?? []], [1, 0, 0, 0, 0, 0]);
  });
  withFolder((folder) => {
    write(folder, [1, 3], [2]);
    assert.deepEqual(openDataset(folder).labels.map(({ value }) => value), [1, 2, 3]);
    assert.deepEqual(openDataset(folder, { labels: ["whole"] }).labels[0]?.values, [1, 2, 3]);
  });
  withFolder((folder) => {
    write(folder, [127], [255]);
    assert.throws(() => openDataset(folder), {
      message: "masks/s1.png: found label values 0, 127, 255 in the masks, " +
        "expected {0, 1}, {0, 255} or {0, 1, …, K} over all masks; " +
        `add --map 127:1,255:2 to number them, or name them with --labels (seg check ${folder} shows all faults)`,
    });
    assert.deepEqual(openDataset(folder, { labels: [127] }).labels[0]?.values, [127]);
  });
});

test("loadCase() refuses slices of different size in one case", () => {
  withFolder((folder) => {
    putPng(folder, "images/a_1.png", { data: new Uint8Array(6), width: 3, height: 2 });
    putPng(folder, "masks/a_1.png", { data: new Uint8Array(6), width: 3, height: 2 });
    putPng(folder, "images/a_2.png", { data: new Uint8Array(4), width: 2, height: 2 });
    putPng(folder, "masks/a_2.png", { data: new Uint8Array(4), width: 2, height: 2 });
    putPng(folder, "images/b_1.png", { data: new Uint8Array(4), width: 2, height: 2 });
    putPng(folder, "masks/b_1.png", { data: new Uint8Array(4), width: 2, height: 2 });
    const index = openDataset(folder);
    assert.throws(() => loadCase(index, firstCase(index)), {
      message: "images/a_2.png: found a slice of 2×2×1 with 1 channels, expected 3×2×1 with 1 as in images/a_1.png; " +
        "bring the slices of a case to one size, or give cases of different size different names",
    });
  });
});

test("openDataset() takes the spacing of stacked slices and the group from its options", () => {
  withFolder((folder) => {
    for (const name of ["x-7-a", "x-8-a", "y-9-b"]) {
      for (const kind of ["images", "masks"]) {
        putPng(folder, `${kind}/${name}.png`, { data: new Uint8Array(6), width: 3, height: 2 });
      }
    }
    const read = (sizes: number[]) => {
      const index = openDataset(folder, { group: "-([ab])$", spacingMm: sizes });
      assert.deepEqual(index.cases.map(({ id, slices }) => [id, slices?.length]), [["a", 2], ["b", 1]]);
      return index.cases.map((files) => loadCase(index, files).image);
    };
    const [a, b] = read([0.5, 0.25, 3]);
    assert.deepEqual([spacingMm(a?.affine ?? []), a?.spacingKnown, b?.spacingKnown], [[0.5, 0.25, 3], true, true]);
    // Without the distance between slices a stack has no spacing, a single slice has.
    assert.deepEqual(read([0.5, 0.25]).map(({ spacingKnown }) => spacingKnown), [false, true]);
    assert.throws(() => openDataset(folder, { spacingMm: [0.5] }), {
      name: "UsageFailure",
      message: "--spacing 0.5 is no spacing, expected two or three sizes in mm such as 0.5,0.5,3",
    });
    assert.throws(() => openDataset(folder, { group: "(" }), {
      name: "UsageFailure",
      message: /^Cannot read --group "\("/,
    });
  });
});

test("openDataset() throws where no case is left", () => {
  withFolder((folder) => {
    put(folder, "dataset.json", { modality: { 0: "T1" }, labels: { 0: "background", 1: "x" }, training: [] });
    assert.throws(() => openDataset(folder), {
      name: "Failure",
      message: `${folder} holds no case with image and mask (layout msd); add files`,
    });
  });
});

test("loadCase() reads an nnU-Net case whose channels are one RGB file", () => {
  withFolder((folder) => {
    const colours = Uint8Array.from({ length: 18 }, (_, i) => i);
    putPng(folder, "imagesTr/a_0000.png", { data: colours, width: 3, height: 2, channels: 3 });
    putPng(folder, "labelsTr/a.png", { data: Uint8Array.from([0, 1, 0, 0, 0, 0]), width: 3, height: 2 });
    put(folder, "dataset.json", {
      channel_names: { 0: "R", 1: "G", 2: "B" },
      labels: { background: 0, road: 1 },
      file_ending: ".png",
    });
    const index = openDataset(folder);
    const { image, mask } = loadCase(index, firstCase(index));
    assert.deepEqual([...image.data], [0, 3, 6, 9, 12, 15, 1, 4, 7, 10, 13, 16, 2, 5, 8, 11, 14, 17]);
    assert.deepEqual([...mask?.data ?? []], [0, 1, 0, 0, 0, 0]);
  });
});
