import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { makePhantom, writePhantom } from "../../src/data/phantom.ts";
import { axisCodes } from "../../src/imaging/orientation.ts";
import { spacingMm } from "../../src/imaging/volume.ts";
import { withFolder } from "./made_folders.ts";

test("makePhantom() gives the same voxels for the same seed and others for another", () => {
  const [a, b, c] = [makePhantom(1, { seed: 7 }), makePhantom(1, { seed: 7 }), makePhantom(1, { seed: 8 })];
  assert.deepEqual(a, b);
  assert.notDeepEqual(a.image.data, c.image.data);
});

test("makePhantom() mixes orientations and keeps the voxel size", () => {
  const codes = [0, 1, 2, 3].map((number) => axisCodes(makePhantom(number).image.affine));
  assert.deepEqual(codes, ["RAS", "LPS", "RAS", "ASR"]);
  for (const number of [0, 1, 2, 3]) {
    assert.deepEqual(spacingMm(makePhantom(number).image.affine).map((size) => Number(size.toFixed(9))), [1, 1, 3]);
  }
});

test("makePhantom() makes lesions brighter than the rest of the head", () => {
  for (const number of [0, 3, 7]) {
    const { image, mask } = makePhantom(number);
    const mean = (accept: (value: number, i: number) => boolean) => {
      const values = [...image.data].filter(accept);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    assert.ok(mean((_, i) => mask.data[i] === 1) > 1.2 * mean((value, i) => mask.data[i] === 0 && value > 300));
  }
});

test("writePhantom() writes a data set without errors, with one empty case", () => {
  withFolder((folder) => {
    writePhantom(folder, { seed: 0, cases: 12 });
    const report = checkDataset(folder);
    assert.deepEqual(report.errors, []);
    assert.deepEqual([report.layout, report.cases], ["msd", 12]);
    assert.deepEqual(report.fingerprint.orientations, { RAS: 6, LPS: 3, ASR: 3 });
    assert.deepEqual(report.warnings.find(({ code }) => code === "W01")?.file, "labelsTr/phantom_06.nii.gz");
    assert.equal(report.fingerprint.classes[0]?.cases, 11);
  });
});
