import assert from "node:assert/strict";
import { test } from "node:test";
import { aggregate, patientValues, type ScoredCase, type Summary } from "../../src/metrics/aggregate.ts";
import { scoreCase } from "../../src/metrics/case_scores.ts";
import type { EmptyRule, Triple } from "../../src/metrics/overlap.ts";
import type { ScoreName } from "../../src/metrics/scores.ts";
import { Random } from "../../src/random.ts";
import { block, paint } from "./toy_cases.ts";

const SHAPE: Triple = [16, 16, 1];
const EMPTY = new Uint8Array(256);
const LESION = paint(SHAPE, block([4, 4, 0], [9, 9, 0]));

function scored(
  name: string,
  masks: { reference: Uint8Array; prediction: Uint8Array; patient?: string },
  emptyRule: EmptyRule = "nnunet",
): ScoredCase {
  const { rows } = scoreCase({
    ...masks,
    shape: SHAPE,
    spacingMm: [1, 1, 1],
    classes: [{ name: "lesion", value: 1 }, { name: "cyst", value: 2 }],
    emptyRule,
  });
  return { case: name, patient: masks.patient, rows };
}

const FEW = { draws: 100 };

test("aggregate() keeps a missed lesion and a false alarm in the mean", () => {
  const summary = aggregate([
    scored("perfect", { reference: LESION, prediction: LESION }),
    scored("missed", { reference: LESION, prediction: EMPTY }),
    scored("alarm", { reference: EMPTY, prediction: LESION }),
  ], FEW);
  const { scores, counts, dicePooled } = summary.perClass["lesion"]!;
  assert.deepEqual(counts, { hit: 1, missed: 1, falseAlarm: 1, trueEmpty: 0 });
  assert.deepEqual([scores.dice!.n, scores.dice!.mean], [3, 1 / 3]);
  assert.equal(dicePooled, 0.5);
  assert.deepEqual([scores.hd95!.n, scores.hd95!.mean], [1, 0]);
  assert.deepEqual([scores.hd95Penalized!.n, scores.hd95Penalized!.mean], [3, (2 * Math.hypot(16, 16)) / 3]);
  assert.deepEqual(scores.precision!.n, 3);
  assert.deepEqual(scores.dice!.worst, { case: "missed", value: 0 });
  assert.deepEqual(summary.counts, { hit: 1, missed: 1, falseAlarm: 1, trueEmpty: 3 });
  // The class that is nowhere is named, and the mean over classes is of the other alone.
  assert.deepEqual([summary.mean.dice!.mean, summary.mean.dice!.classes], [1 / 3, 1]);
  assert(summary.warnings.some((w) => w.startsWith("Class cyst is in no reference and no prediction")));
  assert(!summary.warnings.some((w) => w.includes("Class lesion")));
});

test("aggregate() gives n, mean, deviation, quartiles and intervals of the cases", () => {
  const cases = [0, 1, 2, 3, 4, 5, 6, 7].map((shift) =>
    scored(`shift ${shift}`, {
      reference: LESION,
      prediction: paint(SHAPE, block([4, 4 + shift, 0], [9, 9 + shift, 0])),
    })
  );
  const summary = aggregate(cases, { draws: 2000, seed: 5 });
  const dice = summary.perClass["lesion"]!.scores.dice!;
  const values = [0, 1, 2, 3, 4, 5, 6, 7].map((shift) => Math.max(0, 6 - shift) / 6);
  const mean = values.reduce((a, b) => a + b) / 8;
  const sd = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 7);
  assert(Math.abs(dice.mean! - mean) < 1e-12 && Math.abs(dice.sd! - sd) < 1e-12);
  assert(Math.abs(dice.median! - 2.5 / 6) < 1e-12);
  assert(Math.abs(dice.lowerQuartile! - 0.75 / 6) < 1e-12 && Math.abs(dice.upperQuartile! - 4.25 / 6) < 1e-12);
  assert.deepEqual([dice.n, dice.min, dice.max, dice.worst], [8, 0, 1, { case: "shift 6", value: 0 }]);
  assert(dice.meanInterval![0] < mean && mean < dice.meanInterval![1]);
  assert.deepEqual(dice.medianInterval, [0, 1]);
  const distance = summary.perClass["lesion"]!.scores.hd!;
  assert.deepEqual(distance.worst, { case: "shift 7", value: 7 });
  assert.deepEqual(summary.intervals, {
    mean: "bca",
    median: "order statistic",
    confidence: 0.95,
    draws: 2000,
    seed: 5,
  });
  assert.equal(summary.warnings.filter((w) => w.includes("8 patients")).length, 1);
  assert.deepEqual(aggregate(cases, { draws: 2000, seed: 5 }), summary);
});

test("aggregate() averages the scans of a patient first", () => {
  const good = { reference: LESION, prediction: LESION };
  const bad = { reference: LESION, prediction: EMPTY };
  const cases = [
    scored("a1", { ...good, patient: "a" }),
    scored("a2", { ...good, patient: "a" }),
    scored("a3", { ...good, patient: "a" }),
    scored("b1", { ...bad, patient: "b" }),
  ];
  const summary = aggregate(cases, FEW);
  assert.deepEqual([summary.cases, summary.patients], [4, 2]);
  assert.equal(summary.perClass["lesion"]!.scores.dice!.mean, 0.5);
  assert.equal(summary.perClass["lesion"]!.counts.hit, 3);
  assert.deepEqual([...patientValues(cases, { class: "lesion", score: "dice" })], [["a", 1], ["b", 0]]);
});

test("aggregate() of no case has no numbers", () => {
  assert.deepEqual(aggregate([], FEW).perClass, {});
});

function randomCases(seed: number, count: number, emptyRule: EmptyRule): ScoredCase[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const corner = [random.integer(9), random.integer(9)] as const;
    const size = random.integer(6);
    const prediction = paint(SHAPE, block([corner[0], corner[1], 0], [corner[0] + size, corner[1] + size, 0]));
    return scored(`case ${i}`, { reference: LESION, prediction }, emptyRule);
  });
}

function meansOf(summary: Summary): [string, number | null][] {
  const { scores } = summary.perClass["lesion"]!;
  return Object.entries(scores).map(([name, score]) => [name, score.mean]);
}

test("means do not change when cases without the structure are added", () => {
  for (let seed = 0; seed < 5; seed++) {
    const cases = randomCases(seed, 6, "nnunet");
    const healthy = scored("healthy", { reference: EMPTY, prediction: EMPTY });
    // Specificity and volume difference are defined on a healthy scan: they do change.
    const kept = ([name]: [string, unknown]) => name !== "specificity" && name !== "volumeDifferenceMl";
    const before = meansOf(aggregate(cases, FEW)).filter(kept);
    assert(before.length >= 10);
    assert.deepEqual(meansOf(aggregate([...cases, healthy], FEW)).filter(kept), before);
  }
});

test("no mean improves when a hit becomes a miss", () => {
  const more: ScoreName[] = ["dice", "iou", "sensitivity", "precision", "nsd", "lesionF1", "lesionSensitivity"];
  let changed = 0;
  for (const rule of ["nnunet", "one", "monai", "brats"] as const) {
    for (let seed = 0; seed < 5; seed++) {
      const cases = randomCases(seed, 6, rule);
      const before = aggregate(cases, FEW);
      for (const [i, hit] of cases.entries()) {
        const miss = scored(hit.case, { reference: LESION, prediction: EMPTY }, rule);
        const after = aggregate(cases.with(i, miss), FEW);
        for (const name of more) {
          const [old, now] = [before, after].map((s) => s.perClass["lesion"]!.scores[name]!.mean!) as [number, number];
          assert(now <= old + 1e-12, `${rule} ${name}: ${old} to ${now}`);
        }
        const less: ScoreName[] = rule === "brats"
          ? ["hd", "hd95", "hd95Penalized", "assd", "masd"]
          : ["hd95Penalized"];
        for (const name of less) {
          const [old, now] = [before, after].map((s) => s.perClass["lesion"]!.scores[name]!.mean!) as [number, number];
          assert(now > old, `${rule} ${name}: ${old} to ${now}`);
        }
        // A mean over hits alone may fall, so it says that it is of one case fewer.
        if (rule !== "brats") assert.equal(after.perClass["lesion"]!.scores.hd95!.n, 5);
        changed++;
      }
    }
  }
  assert.equal(changed, 120);
});
