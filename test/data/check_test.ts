import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkDataset, type CheckOptions, type CheckReport, writeCheckFiles } from "../../src/data/check.ts";
import { findingSentence } from "../../src/data/finding.ts";
import { readSplits } from "../../src/data/splits.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { maskOf, put, putMsd, putNifti, putPng, withFolder } from "./made_folders.ts";

/** The report on a Decathlon folder of `count` cases after `spoil`. */
function check(
  spoil: (folder: string) => void,
  { count = 25, ...options }: CheckOptions & { count?: number } = {},
): CheckReport {
  let report: CheckReport | undefined;
  withFolder((folder) => {
    putMsd(folder, { count });
    spoil(folder);
    report = checkDataset(folder, options);
  });
  return report as unknown as CheckReport;
}

function codes(report: CheckReport): string[] {
  return [...report.errors, ...report.warnings].map(({ code, file }) => `${code} ${file}`);
}

test("checkDataset() finds nothing wrong with a sound data set", () => {
  const report = check(() => {});
  assert.deepEqual(codes(report), []);
  assert.deepEqual([report.layout, report.cases, report.splits?.length], ["msd", 25, 5]);
  assert.equal(report.evidence, "dataset.json with modality and 25 training pairs");
});

test("checkDataset() reports all errors of a data set in one run", () => {
  const report = check((folder) => {
    const path = (name: string) => join(folder, name);
    rmSync(path("labelsTr/c1.nii.gz"));
    rmSync(path("imagesTr/c2.nii.gz"));
    writeFileSync(path("imagesTr/c3.nii.gz"), readFileSync(path("imagesTr/c3.nii.gz")).subarray(0, 60));
    putNifti(folder, "labelsTr/c4.nii.gz", { shape: [4, 3, 1], data: new Uint8Array(12) });
    putNifti(folder, "labelsTr/c5.nii.gz", { data: maskOf(1, 2), affine: scalingAffine([1, 1, 4]) });
    putNifti(folder, "labelsTr/c6.nii.gz", {
      data: maskOf(1, 2),
      affine: [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1],
    });
    putNifti(folder, "imagesTr/c7.nii.gz", { channels: 2 });
    putNifti(folder, "labelsTr/c8.nii.gz", { data: maskOf(1, 4) });
    putNifti(folder, "imagesTr/c9.nii.gz", { data: new Float32Array(24).fill(NaN) });
    writeFileSync(path("imagesTr/c10.nii.gz"), readFileSync(path("imagesTr/c11.nii.gz")));
    putNifti(folder, "labelsTr/c12.nii.gz", { data: Float32Array.from(maskOf(1, 2)).map((value) => value / 2) });
    const description = JSON.parse(readFileSync(path("dataset.json"), "utf8")) as { training: unknown[] };
    description.training.push(description.training[12]);
    put(folder, "dataset.json", description);
  });
  assert.deepEqual(codes(report).filter((code) => code.startsWith("E")), [
    "E01 imagesTr/c1.nii.gz",
    "E02 labelsTr/c2.nii.gz",
    "E12 imagesTr/c13.nii.gz",
    "E03 imagesTr/c3.nii.gz",
    "E04 labelsTr/c4.nii.gz",
    "E05 labelsTr/c5.nii.gz",
    "E06 labelsTr/c6.nii.gz",
    "E07 imagesTr/c7.nii.gz",
    "E08 labelsTr/c8.nii.gz",
    "E09 imagesTr/c9.nii.gz",
    "E13 labelsTr/c12.nii.gz",
    "E11 imagesTr/c11.nii.gz",
    "E11 imagesTr/c13.nii.gz",
  ]);
  for (const finding of report.errors) {
    for (const part of [finding.found, finding.expected, finding.remedy]) assert.ok(part.length > 0, finding.code);
  }
});

test("checkDataset() reports several faults of one case", () => {
  const report = check((folder) => {
    putNifti(folder, "imagesTr/c1.nii.gz", { data: new Float32Array(24).fill(Infinity) });
    putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(9), affine: scalingAffine([1, 2, 2]) });
  });
  assert.deepEqual(codes(report).slice(0, 3), [
    "E09 imagesTr/c1.nii.gz",
    "E05 labelsTr/c1.nii.gz",
    "E08 labelsTr/c1.nii.gz",
  ]);
});

test("checkDataset() finds the same image under another compression", () => {
  const report = check((folder) => {
    const data = Float32Array.from({ length: 24 }, (_, voxel) => voxel);
    rmSync(join(folder, "imagesTr/c2.nii.gz"));
    putNifti(folder, "imagesTr/c2.nii", { data });
    const text = readFileSync(join(folder, "dataset.json"), "utf8");
    writeFileSync(join(folder, "dataset.json"), text.replace("imagesTr/c2.nii.gz", "imagesTr/c2.nii"));
  });
  assert.deepEqual(report.errors.map(findingSentence), [
    "imagesTr/c2.nii: found the same voxels as in imagesTr/c1.nii.gz, " +
    "expected every image once, since folds would put it on both sides; remove one of the two cases",
  ]);
});

test("checkDataset() warns of empty masks, constant images, orientations and voxel sizes", () => {
  const report = check((folder) => {
    putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf() });
    putNifti(folder, "imagesTr/c2.nii.gz", { data: new Float32Array(24).fill(7) });
    const flipped = [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1];
    putNifti(folder, "imagesTr/c3.nii.gz", { affine: flipped, data: Float32Array.from({ length: 24 }, (_, i) => -i) });
    putNifti(folder, "labelsTr/c3.nii.gz", { affine: flipped, data: maskOf(1, 2) });
    const thick = scalingAffine([1, 1, 5]);
    putNifti(folder, "imagesTr/c4.nii.gz", { affine: thick, data: Float32Array.from({ length: 24 }, (_, i) => 2 * i) });
    putNifti(folder, "labelsTr/c4.nii.gz", { affine: thick, data: maskOf(1, 2) });
  });
  assert.deepEqual(report.errors, []);
  assert.deepEqual(report.warnings.map((finding) => `${finding.code} ${findingSentence(finding)}`), [
    "W01 labelsTr/c1.nii.gz: found 1 of 25 cases with an empty mask: c1, expected something to find in every case; " +
    "make sure that they are healthy and not unfinished",
    "W02 imagesTr/c2.nii.gz: found one single value in channel MRI, expected an image; " +
    "export the image again or remove the case",
    "W03 imagesTr/c3.nii.gz: found orientations RAS (24), LAS (1), expected one orientation; " +
    "check that the headers are right: all are turned to one orientation by what they say",
    "W04 imagesTr/c4.nii.gz: found voxels of 1×1×5 mm, expected about 1×1×2 mm as in the other cases; " +
    "check the header: scores in mm depend on it",
  ]);
});

test("checkDataset() warns of folds with few cases or without a class", () => {
  const few = check((folder) => {
    for (const id of ["c1", "c2", "c3", "c4"]) putNifti(folder, `labelsTr/${id}.nii.gz`, { data: maskOf(1) });
    putNifti(folder, "labelsTr/c5.nii.gz", { data: maskOf(2) });
  }, { count: 5, folds: 2 });
  assert.deepEqual(few.warnings.map(({ code }) => code), ["W05", "W06"]);
  assert.match(
    findingSentence(few.warnings[0] as never),
    /^fold [01]: found no voxel of posterior in its [23] validation cases/,
  );
  const none = check(() => {}, { count: 3 });
  assert.equal(none.splits, undefined);
  assert.deepEqual(none.warnings.map(({ code }) => code), ["W06"]);
});

test("checkDataset() counts lesions smaller than one network pixel", () => {
  const spoil = (folder: string) => {
    for (let i = 1; i <= 25; i++) {
      const data = new Uint8Array(64 * 64);
      data.fill(1, 0, 3);
      if (i === 1) data[2000] = 2;
      for (let row = 40; row < 48; row++) data.fill(2, 64 * row, 64 * row + 8);
      putNifti(folder, `labelsTr/c${i}.nii.gz`, { shape: [64, 64, 1], data });
      const image = Float32Array.from({ length: data.length }, (_, voxel) => voxel + i);
      putNifti(folder, `imagesTr/c${i}.nii.gz`, { shape: [64, 64, 1], data: image });
    }
  };
  assert.deepEqual(check(spoil, { inputSize: 64 }).warnings, []);
  assert.deepEqual(check(spoil, { inputSize: 32 }).warnings.map(findingSentence), [
    "labelsTr/c1.nii.gz: found 25 of 25 regions of anterior in slices (100 %, together 100 % of its area) smaller than one network pixel, " +
    "which here covers 2×2 mm, expected regions of at least one pixel of a 32×32 input; " +
    "use a larger --input-size (64 for the smallest) or expect them to be missed",
    "labelsTr/c1.nii.gz: found 1 of 26 regions of posterior in slices (3.85 %, together 0.06 % of its area) smaller than one network pixel, " +
    "which here covers 2×2 mm, expected regions of at least one pixel of a 32×32 input; " +
    "use a larger --input-size (64 for the smallest) or expect them to be missed",
  ]);
});

test("checkDataset() checks a splits file", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 4 });
    put(folder, "splits.json", [{ train: ["c1", "c2"], val: ["c2", "c3"] }]);
    const report = checkDataset(folder, { splitsFile: join(folder, "splits.json") });
    assert.deepEqual(codes(report), ["E10 case c2", "W06 given split"]);
  });
});

test("checkDataset() reports slice groups that span the given splits", () => {
  withFolder((folder) => {
    for (const [i, name] of ["train/a_1", "train/b_1", "val/a_2"].entries()) {
      for (const kind of ["images", "masks"]) {
        putPng(folder, `${kind}/${name}.png`, {
          data: Uint8Array.from([i, 1, 0, 0, 1, 1].map(Number)),
          width: 3,
          height: 2,
        });
      }
    }
    assert.deepEqual(codes(checkDataset(folder, { labels: ["whole"] })), ["W07 a", "W06 given split"]);
  });
});

test("checkDataset() gives a fingerprint that follows the content", () => {
  const [a, b] = [check(() => {}, { count: 6 }), check(() => {}, { count: 6 })];
  assert.equal(a.fingerprint.fingerprint, b.fingerprint.fingerprint);
  const other = check((folder) => putNifti(folder, "labelsTr/c6.nii.gz", { data: maskOf(2, 1) }), { count: 6 });
  assert.notEqual(other.fingerprint.fingerprint, a.fingerprint.fingerprint);
  assert.deepEqual(a.fingerprint.medianShape, [4, 3, 2]);
  assert.deepEqual(a.fingerprint.medianSpacingMm, [1, 1, 2]);
  assert.deepEqual(a.fingerprint.classes[1], { name: "posterior", cases: 6, medianVolume: 2, unit: "mm³" });
});

test("checkDataset() measures intensities inside the masks", () => {
  const { fingerprint } = check((folder) => {
    putNifti(folder, "imagesTr/c1.nii.gz", { data: Float32Array.from({ length: 24 }, (_, i) => i + 1) });
    putNifti(folder, "imagesTr/c2.nii.gz", { data: Float32Array.from({ length: 24 }, (_, i) => i + 6) });
    putNifti(folder, "labelsTr/c1.nii.gz", { data: maskOf(1, 2, 1) });
    putNifti(folder, "labelsTr/c2.nii.gz", { data: maskOf(1, 2) });
  }, { count: 2 });
  const { deviation, ...rest } = fingerprint.intensities[0] as { deviation: number };
  assert.deepEqual(rest, {
    channel: "MRI",
    mean: 3.8,
    minimum: 1,
    maximum: 7,
    percentile05: 1,
    median: 3,
    percentile995: 7,
  });
  // 1, 2, 3, 6, 7: squares about 3.8 are 26.8 in sum.
  assert.ok(Math.abs(deviation - Math.sqrt(26.8 / 5)) < 1e-12);
});

test("writeCheckFiles() writes the report, the fingerprint and the folds", () => {
  withFolder((folder) => {
    const report = check(() => {});
    assert.deepEqual(writeCheckFiles(report, folder), ["check.json", "fingerprint.json", "splits.json"]);
    assert.deepEqual(readdirSync(folder).sort(), ["check.json", "fingerprint.json", "splits.json"]);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "check.json"), "utf8")), {
      layout: "msd",
      evidence: report.evidence,
      cases: 25,
      patients: 25,
      errors: [],
      warnings: [],
    });
    assert.deepEqual(readSplits(join(folder, "splits.json")), report.splits);
    assert.ok(existsSync(join(folder, "fingerprint.json")));
  });
});
