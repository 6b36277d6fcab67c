import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluationCsv, evaluationDocument } from "../../src/evaluation/evaluation_report.ts";
import { evaluationRows } from "../../src/evaluation/score_table.ts";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { scoreCase } from "../../src/metrics/case_scores.ts";
import { headingOf } from "../../src/metrics/score.ts";
import { METRICS, type ScoreName, SCORES, TABLE_SCORES } from "../../src/metrics/scores.ts";
import { block, paint, TOY_CASES } from "./toy_cases.ts";

/**
 * Values by toy case, to six digits: voxel counts and volumes from medpy and MetricsReloaded, distances from MONAI, MetricsReloaded and
 * medpy, NSD from surface-distance and MONAI. Case L is counted by hand: two lesions of 32 and 4 voxels of 1 µl, of which the first
 * is found whole, and a false one of 1.
 */
const KNOWN: Readonly<Record<ScoreName, Readonly<Record<string, number>>>> = {
  dice: { A: 0.763889, C: 0.99654, G: 0.835926, J: 0.691824 },
  iou: { A: 0.617978, C: 0.993103, G: 0.718104, J: 0.528846 },
  sensitivity: { A: 0.763889, J: 0.636574 },
  specificity: { A: 0.961364, C: 0.998864 },
  precision: { A: 0.763889, C: 0.993103, J: 0.757576 },
  hd: { A: 2.236068, B: 4.031129, C: 15.556349, G: 24.758837, J: 3.741657 },
  hd95: { A: 2, B: 4, C: 0, G: 22.806871, J: 3.162278 },
  hd95Penalized: { G: 22.806871, E: 45.254834, F: 45.254834 },
  assd: { A: 1.42387, B: 1.729379, G: 3.60469, J: 1.739219 },
  masd: { A: 1.42387, C: 0.172848, G: 3.521955, J: 1.737328 },
  nsd: { A: 0.521355, B: 0.745251, G: 0.544791, J: 0.779582 },
  lesionF1: { L: 0.5 },
  lesionSensitivity: { L: 0.5 },
  volumeDifferenceMl: { L: -0.003 },
  relativeVolumeDifference: { C: 0.006944, G: -0.005642, J: -0.159722 },
};

const first = block([1, 1, 1], [4, 4, 2]);
const CASES = [...TOY_CASES, {
  name: "L",
  shape: [12, 12, 4] as const,
  spacing: [1, 1, 1] as const,
  tolerance: 1,
  reference: paint([12, 12, 4], (x, y, z) => first(x, y, z) || block([8, 8, 1], [9, 9, 1])(x, y, z)),
  prediction: paint([12, 12, 4], (x, y, z) => first(x, y, z) || (x === 10 && y === 1 && z === 1)),
}];

function rowOf(name: string) {
  const { shape, spacing, tolerance, reference, prediction } = CASES.find((toy) => toy.name === name)!;
  const classes = [{ name: "object", value: 1 }];
  return scoreCase({ shape, spacingMm: spacing, toleranceMm: tolerance, reference, prediction, classes }).rows[0]!;
}

for (const { name, group } of SCORES) {
  test(`${name} is what other programs give, and is computed alone as with all others`, () => {
    const known = Object.entries(KNOWN[name] ?? {});
    assert.ok(known.length > 0, `no value of ${name} is known from elsewhere: add a row`);
    for (const [toy, value] of known) {
      const row = rowOf(toy);
      assert.ok(Math.abs(row[name]! - value) < 1.5e-6, `${toy}: ${row[name]}, expected ${value}`);
      const one = CASES.find((each) => each.name === toy)!;
      const alone = scoreCase({
        ...one,
        spacingMm: one.spacing,
        toleranceMm: one.tolerance,
        classes: [{ name: "object", value: 1 }],
        metrics: [group],
      }).rows[0]!;
      assert.equal(alone[name], row[name]);
    }
  });
}

test("SCORES are in every row, table, CSV and document, under their own names", () => {
  const names = SCORES.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const conventions = { unit: "mm", hd95Variant: "max", tolerances: [2] } as const;
  assert.equal(new Set(SCORES.map((score) => headingOf(score, conventions))).size, names.length);
  const { rows, confusion: _, ...about } = scoreCase({
    ...TOY_CASES[0]!,
    spacingMm: [1, 1, 1],
    classes: [{ name: "object", value: 1 }],
    metrics: METRICS,
  });
  const cases = [{ case: "a", patient: "a", rows, conventions: about }];
  const summary = aggregate(cases);
  assert.deepEqual(Object.keys(summary.mean), names);
  const [heading = []] = evaluationRows(summary, { ...conventions, every: true });
  assert.deepEqual(
    heading.filter((title) => TABLE_SCORES.some((score) => headingOf(score, conventions) === title)),
    TABLE_SCORES.map((score) => headingOf(score, conventions)),
  );
  const document = evaluationDocument(cases, summary, { subject: "m", dataset: "d", split: "all", missing: [] });
  assert.deepEqual(Object.keys(document.mean), names);
  const [columns] = evaluationCsv(document.cases).split("\r\n");
  assert.deepEqual(columns?.split(","), [
    "case",
    "patient",
    "class",
    "state",
    ...names,
    "referenceMl",
    "volumeMl",
    "truePositives",
    "falsePositives",
    "falseNegatives",
    "tolerance",
  ]);
});
