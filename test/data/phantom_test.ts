import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { makePhantom, type PhantomCase, writePhantom } from "../../src/data/phantom.ts";
import { makeHead, WHITE_MATTER } from "../../src/data/phantom_head.ts";
import { axisCodes } from "../../src/imaging/orientation.ts";
import { spacingMm } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";
import { withFolder } from "./made_folders.ts";

test("makePhantom() gives the same voxels for the same seed and others for another", () => {
  const [a, b, c] = [7, 7, 8].map((seed) => makePhantom(1, { seed, side: 32 })) as [
    PhantomCase,
    PhantomCase,
    PhantomCase,
  ];
  assert.deepEqual(a, b);
  assert.notDeepEqual(a.image.data, c.image.data);
});

test("makePhantom() mixes orientations, with slices of one thickness", () => {
  const codes = [0, 1, 2, 3].map((number) => axisCodes(makePhantom(number, { side: 32 }).image.affine));
  assert.deepEqual(codes, ["RAS", "LPS", "RAS", "ASR"]);
  for (const number of [0, 1, 2, 3]) {
    const { affine, shape } = makePhantom(number, { side: 48 }).image;
    assert.deepEqual(
      spacingMm(affine).map((size) => Number(size.toFixed(9))),
      number === 3 ? [4, 5.5, 4] : [4, 4, 5.5],
    );
    assert.deepEqual([...shape].sort((a, b) => a - b), [20, 48, 48]);
  }
});

test("makePhantom() makes lesions brighter than the rest of the head", () => {
  for (const number of [0, 3, 7]) {
    const { image, mask } = makePhantom(number, { side: 48 });
    const mean = (accept: (value: number, i: number) => boolean) => {
      const values = [...image.data].filter(accept);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    assert.ok(mean((_, i) => mask.data[i] === 1) > 1.2 * mean((value, i) => mask.data[i] === 0 && value > 300));
  }
});

test("makeHead() has fluid in the ventricles, dark bone around the brain, and air outside", () => {
  const head = makeHead(new Random(3), { lesions: 0 });
  assert.ok(head.signal([8.5, -4, 14]) < 0.5 * WHITE_MATTER);
  assert.ok(head.signal([0, 0, 200]) === 0);
  const outwards = Array.from({ length: 200 }, (_, i) => head.signal([0, i, 10]));
  assert.ok(Math.max(...outwards) > WHITE_MATTER && Math.min(...outwards.slice(60, 85)) < 0.2 * WHITE_MATTER);
  assert.equal(head.isLesion([20, 20, 20]), false);
});

test("writePhantom() writes a data set without errors, with one empty case", () => {
  withFolder((folder) => {
    writePhantom(folder, { seed: 0, cases: 12, side: 48 });
    const report = checkDataset(folder);
    assert.deepEqual(report.errors, []);
    assert.deepEqual([report.layout, report.cases], ["msd", 12]);
    assert.deepEqual(report.fingerprint.orientations, { RAS: 6, LPS: 3, ASR: 3 });
    assert.deepEqual(report.warnings.find(({ code }) => code === "W01")?.file, "labelsTr/phantom_06.nii.gz");
    assert.equal(report.fingerprint.classes[0]?.cases, 11);
  });
});
