import assert from "node:assert/strict";
import { test } from "node:test";
import { type CaseRequest, type ClassScores, scoreCase } from "../../src/metrics/case_scores.ts";
import type { EmptyRule, Triple } from "../../src/metrics/overlap.ts";
import { Random } from "../../src/random.ts";
import { block, paint, TOY_CASES } from "./toy_cases.ts";

const OBJECT = [{ name: "object", value: 1 }];

function score(request: Partial<CaseRequest> & Pick<CaseRequest, "reference" | "prediction" | "shape">): ClassScores {
  return scoreCase({ spacingMm: [1, 1, 1], classes: OBJECT, ...request }).rows[0]!;
}

function scoreToy(name: string, emptyRule: EmptyRule): ClassScores {
  const toy = TOY_CASES.find((t) => t.name === name)!;
  return score({ ...toy, spacingMm: toy.spacing, toleranceMm: toy.tolerance, emptyRule });
}

test("scoreCase() scores empty masks by the rule", () => {
  const diagonal = Math.hypot(32, 32);
  const found = (["nnunet", "one", "monai", "brats"] as const).map((rule) =>
    ["D", "E", "F"].map((name) => {
      const { state, dice, iou, nsd, lesionF1, hd95, hd95Penalized } = scoreToy(name, rule);
      return [state, dice, iou, nsd, lesionF1, hd95, hd95Penalized];
    })
  );
  assert.deepEqual(found, [
    [
      ["true_empty", null, null, null, null, null, null],
      ["false_alarm", 0, 0, 0, 0, null, diagonal],
      ["missed", 0, 0, 0, 0, null, diagonal],
    ],
    [
      ["true_empty", 1, 1, 1, 1, null, null],
      ["false_alarm", 0, 0, 0, 0, null, diagonal],
      ["missed", 0, 0, 0, 0, null, diagonal],
    ],
    [
      ["true_empty", null, null, null, null, null, null],
      ["false_alarm", null, null, 0, null, null, diagonal],
      ["missed", 0, 0, 0, 0, null, diagonal],
    ],
    [
      ["true_empty", 1, 1, 1, 1, 0, 0],
      ["false_alarm", 0, 0, 0, 0, diagonal, diagonal],
      ["missed", 0, 0, 0, 0, diagonal, diagonal],
    ],
  ]);
});

test("scoreCase() gives the image diagonal of a BraTS volume as 373.13 mm", () => {
  const empty = new Uint8Array(240 * 240 * 155);
  const request = { reference: empty, prediction: empty, shape: [240, 240, 155] as Triple, classes: OBJECT };
  const { imageDiagonal } = scoreCase({ ...request, spacingMm: [1, 1, 1], metrics: ["hd95"] });
  assert.equal(imageDiagonal.toFixed(2), "373.13");
});

test("scoreCase() scores several classes and regions at once and names labels of no class", () => {
  const shape: Triple = [4, 2, 1];
  const reference = Float32Array.from([0, 1, 1, 2, 0, 4, 0, 0]);
  const prediction = Int16Array.from([0, 1, 2, 2, 7, 4, -3, 0]);
  const { rows, unexpectedLabels, emptyRule, unit } = scoreCase({
    reference,
    prediction,
    shape,
    spacingMm: [10, 10, 10],
    classes: [{ name: "core", value: 1 }, { name: "edema", value: 2 }, { name: "whole", value: [1, 2, 4] }],
    metrics: ["dice", "volume"],
  });
  assert.deepEqual(rows.map((row) => row.dice), [2 / 3, 2 / 3, 1]);
  assert.deepEqual(rows.map((row) => [row.referenceMl, row.volumeMl, row.volumeDifferenceMl]), [
    [2, 1, -1],
    [1, 2, 1],
    [4, 4, 0],
  ]);
  assert.deepEqual(unexpectedLabels, { reference: [], prediction: [7, -3] });
  assert.deepEqual([emptyRule, unit], ["nnunet", "mm"]);
  assert.equal("hd95" in rows[0]!, false);
});

test("scoreCase() measures in px where the spacing is unknown", () => {
  const toy = TOY_CASES[0]!;
  const { rows, unit, tolerance, toleranceGiven } = scoreCase({
    reference: toy.reference,
    prediction: toy.prediction,
    shape: toy.shape,
    classes: OBJECT,
  });
  assert.deepEqual([unit, tolerance, toleranceGiven], ["px", 2, false]);
  assert.equal(rows[0]!.volumeMl, null);
  assert.equal(rows[0]!.hd95, 2);
});

test("scoreCase() takes twice the larger in-plane spacing as tolerance", () => {
  const mask = paint([4, 4, 4], () => true);
  const request = { reference: mask, prediction: mask, shape: [4, 4, 4] as Triple, classes: OBJECT };
  assert.equal(scoreCase({ ...request, spacingMm: [0.5, 5, 0.75] }).tolerance, 1.5);
});

test("scoreCase() takes HD95 in the variant asked for", () => {
  const toy = TOY_CASES.find((t) => t.name === "G")!;
  const request = { ...toy, spacingMm: toy.spacing, metrics: ["hd95"] as const };
  const found = (["max", "pooled", "surfel"] as const).map((hd95Variant) => score({ ...request, hd95Variant }).hd95!);
  assert.deepEqual(found.map((v) => v.toFixed(3)), ["22.807", "21.294", "22.627"]);
});

test("scoreCase() counts lesions by a common voxel or by IoU", () => {
  const shape: Triple = [16, 16, 3];
  const inside = [block([1, 1, 0], [2, 2, 0]), block([3, 3, 1], [4, 4, 1]), block([10, 10, 0], [13, 13, 2])];
  const reference = paint(shape, (x, y, z) => inside.some((f) => f(x, y, z)));
  const prediction = paint(shape, (x, y, z) => block([13, 13, 2], [15, 15, 2])(x, y, z) || (x === 8 && y === 1));
  const { lesions } = score({ reference, prediction, shape });
  // The first two blocks touch at a corner: one lesion.
  const counts = { reference: 2, prediction: 2, truePositives: 1, falseNegatives: 1, falsePositives: 1 };
  assert.deepEqual(lesions, { ...counts, f1: 0.5, sensitivity: 0.5 });
  const strict = score({ reference, prediction, shape, lesionIou: 0.1 });
  assert.deepEqual([strict.lesionF1, strict.lesionSensitivity], [0, 0]);
});

test("scoreCase() throws on arrays that do not fill the shape and on impossible classes", () => {
  const mask = new Uint8Array(8);
  assert.throws(() => score({ reference: mask, prediction: mask, shape: [2, 2, 1] }), /shape 2×2×1 has 4/);
  const classes = [{ name: "background", value: 0 }];
  assert.throws(() => score({ reference: mask, prediction: mask, shape: [2, 2, 2], classes }), /Cannot score label 0/);
});

test("scores serialize without NaN", () => {
  for (const toy of TOY_CASES) {
    const row = scoreToy(toy.name, "nnunet");
    const numbers = Object.values(row).filter((v) => typeof v === "number");
    assert(numbers.every(Number.isFinite), toy.name);
  }
});

/** Random blobs, so that shapes of every kind meet. */
function randomMask(random: Random, shape: Triple): Uint8Array {
  const balls = Array.from({ length: 3 }, () => ({
    centre: shape.map((n) => random.uniform(0.3, 0.7) * n) as unknown as Triple,
    radius: random.uniform(1, 4),
  }));
  return paint(
    shape,
    (x, y, z) =>
      balls.some(({ centre, radius }) => Math.hypot(x - centre[0], y - centre[1], z - centre[2]) < radius) &&
      random.uniform() < 0.9,
  );
}

const PAIRS = Array.from({ length: 8 }, (_, seed) => {
  const random = new Random(seed);
  const shape: Triple = seed % 2 === 0 ? [20, 17, 14] : [26, 31, 1];
  const spacingMm: Triple = [random.uniform(0.5, 2), random.uniform(0.5, 2), random.uniform(0.5, 4)];
  return { reference: randomMask(random, shape), prediction: randomMask(random, shape), shape, spacingMm };
});

const DISTANCES = ["hd", "hd95", "assd", "masd"] as const;
const SYMMETRIC = ["dice", "iou", "nsd", ...DISTANCES] as const;
const DIRECTED = ["sensitivity", "precision"] as const;

function assertEqualScores(found: ClassScores, expected: ClassScores, names: readonly (keyof ClassScores)[]): void {
  for (const name of names) {
    const [a, b] = [found[name] as number, expected[name] as number];
    assert(Math.abs(a - b) < 1e-9, `${name}: ${a} and ${b}`);
  }
}

test("scores are the same with reference and prediction exchanged", () => {
  for (const pair of PAIRS) {
    const exchanged = { ...pair, reference: pair.prediction, prediction: pair.reference };
    assertEqualScores(score(exchanged), score(pair), SYMMETRIC);
  }
});

test("scores are the same after a flip, an exchange of axes with their spacing, and a shift", () => {
  for (const pair of PAIRS) {
    const expected = score({ ...pair, toleranceMm: 1.5 });
    const [nx, ny, nz] = pair.shape;
    const at = (mask: Uint8Array, x: number, y: number, z: number) => mask[x + nx * (y + ny * z)] === 1;
    const both = (shape: Triple, map: (mask: Uint8Array) => (x: number, y: number, z: number) => boolean) => ({
      reference: paint(shape, map(pair.reference)),
      prediction: paint(shape, map(pair.prediction)),
      shape,
    });
    const changed = [
      { ...pair, ...both(pair.shape, (m) => (x, y, z) => at(m, nx - 1 - x, y, z)) },
      { ...pair, ...both(pair.shape, (m) => (x, y, z) => at(m, x, ny - 1 - y, nz - 1 - z)) },
      {
        ...both([ny, nx, nz], (m) => (x, y, z) => at(m, y, x, z)),
        spacingMm: [pair.spacingMm[1], pair.spacingMm[0], pair.spacingMm[2]] as Triple,
      },
      {
        ...pair,
        ...both([nx + 5, ny + 3, nz], (m) => (x, y, z) => x >= 2 && y >= 3 && x < nx + 2 && at(m, x - 2, y - 3, z)),
      },
    ];
    if (nz > 1) {
      changed.push({
        ...both([nz, ny, nx], (m) => (x, y, z) => at(m, z, y, x)),
        spacingMm: [pair.spacingMm[2], pair.spacingMm[1], pair.spacingMm[0]] as Triple,
      });
    }
    for (const variant of changed) {
      assertEqualScores(score({ ...variant, toleranceMm: 1.5 }), expected, [...SYMMETRIC, ...DIRECTED, "lesionF1"]);
    }
  }
});

test("scores keep to their bounds: IoU = Dice / (2 − Dice), HD ≥ HD95 ≥ 0, HD ≤ image diagonal", () => {
  for (const pair of PAIRS) {
    const { imageDiagonal, rows: [row] } = scoreCase({ ...pair, classes: OBJECT });
    assert(Math.abs(row!.iou! - row!.dice! / (2 - row!.dice!)) < 1e-12);
    assert(row!.hd! >= row!.hd95! && row!.hd95! >= 0 && row!.hd! <= imageDiagonal);
  }
});

test("NSD does not fall with the tolerance, and is 1 from the largest surface distance on", () => {
  for (const pair of PAIRS) {
    const largest = 2 * Math.hypot(...pair.shape.map((n, i) => n * pair.spacingMm[i]!));
    const series = [0, 0.5, 1, 2, 4, 8, largest].map((toleranceMm) => score({ ...pair, toleranceMm }).nsd!);
    assert(series.every((v, i) => i === 0 || v >= series[i - 1]!), series.join(" "));
    assert.equal(series.at(-1), 1);
    assert(series[0]! < 1);
  }
});

test("NSD counts a distance that equals the tolerance, whatever the rounding of the spacing", () => {
  const reference = paint([8, 8, 1], block([2, 2, 0], [3, 3, 0]));
  const prediction = paint([8, 8, 1], block([4, 2, 0], [5, 3, 0]));
  for (const spacing of [0.1, 0.7, 0.9375, 1.2]) {
    const rounded = Math.fround(spacing);
    const row = score({
      reference,
      prediction,
      shape: [8, 8, 1],
      spacingMm: [rounded, rounded, 1],
      toleranceMm: 2 * spacing,
    });
    assert.equal(row.nsd, 1, String(spacing));
  }
});

test("distances scale with the spacing", () => {
  for (const pair of PAIRS) {
    const wide = score({ ...pair, spacingMm: pair.spacingMm.map((s) => 3 * s) as unknown as Triple });
    const narrow = score(pair);
    for (const name of DISTANCES) assert(Math.abs(wide[name]! - 3 * narrow[name]!) < 1e-9, name);
    assert(Math.abs(wide.nsd! - narrow.nsd!) < 1e-12);
  }
});

test("scoreCase() counts which class was taken for which", () => {
  const shape: Triple = [6, 1, 1];
  const request = { reference: Uint8Array.of(0, 1, 1, 2, 2, 0), prediction: Uint8Array.of(0, 1, 2, 2, 0, 1), shape };
  const [low, high] = [{ name: "low", value: 1 }, { name: "high", value: 2 }];
  const classes = [low, high] as const;
  assert.deepEqual(scoreCase({ ...request, classes, metrics: ["dice"] }).confusion, [[1, 1, 0], [0, 1, 1], [1, 0, 1]]);
  const region = [{ name: "both", value: [1, 2] }];
  assert.deepEqual(scoreCase({ ...request, classes: region, metrics: ["dice"] }).confusion, [[1, 1], [1, 3]]);
  const sharing = [low as typeof classes[0], ...region];
  assert.equal(scoreCase({ ...request, classes: sharing, metrics: ["dice"] }).confusion, undefined);
});

test("scoreCase() scores masks with ignored voxels as if these were cut off", () => {
  const random = new Random(5);
  const [whole, part] = [[12, 10, 8], [7, 10, 8]] as const;
  const reference = Uint8Array.from({ length: 960 }, (_, i) => i % 12 >= 7 ? 3 : random.integer(3));
  const prediction = Uint8Array.from({ length: 960 }, () => random.integer(3));
  const cut = (labels: Uint8Array) => labels.filter((_, i) => i % 12 < 7);
  const classes = [{ name: "a", value: 1 }, { name: "b", value: 2 }];
  const { ignoredVoxels, imageDiagonal: _, ...scores } = scoreCase({
    reference,
    prediction,
    shape: whole,
    spacingMm: [1, 2, 3],
    classes,
    ignored: 3,
  });
  const { imageDiagonal: __, ...expected } = scoreCase({
    reference: cut(reference),
    prediction: cut(prediction),
    shape: part,
    spacingMm: [1, 2, 3],
    classes,
  });
  assert.equal(ignoredVoxels, 400);
  assert.deepEqual(scores, expected);
  assert.ok((expected.rows[0]?.dice as number) > 0);
});
