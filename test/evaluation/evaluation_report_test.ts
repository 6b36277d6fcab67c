import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluationCsv, evaluationDocument, evaluationRows } from "../../src/evaluation/evaluation_report.ts";
import type { EvaluatedCase } from "../../src/evaluation/score_cases.ts";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { scoreCase } from "../../src/metrics/case_scores.ts";

/** Cases on a 6×1×1 grid: reference and prediction as digits. */
function scored(pairs: Readonly<Record<string, readonly [string, string]>>): EvaluatedCase[] {
  return Object.entries(pairs).map(([id, [reference, prediction]]) => {
    const { rows, ...conventions } = scoreCase({
      reference: Uint8Array.from(reference, Number),
      prediction: Uint8Array.from(prediction, Number),
      shape: [6, 1, 1],
      spacingMm: [2, 2, 2],
      classes: [{ name: "core", value: 1 }, { name: "rim", value: 2 }],
      metrics: ["dice", "iou", "hd95"],
    });
    return { case: id, patient: id, rows, conventions };
  });
}

const CASES = scored({
  a: ["111000", "110000"], // core: Dice 0.8; rim: empty in both
  b: ["000220", "000000"], // rim missed
  c: ["000000", "100000"], // core false alarm
  "=d, e": ["112200", "112200"],
});
const ABOUT = { subject: "model.onnx", dataset: "data", split: "val", missing: [] } as const;

test("evaluationDocument() has rows, means, counts and intervals of all scores", () => {
  const document = evaluationDocument(CASES, aggregate(CASES), ABOUT);
  assert.equal(document.cases.length, 8);
  assert.deepEqual(
    document.cases.map(({ case: id, class: label, state }) => `${id} ${label} ${state}`),
    [
      "a core hit",
      "a rim true_empty",
      "b core true_empty",
      "b rim missed",
      "c core false_alarm",
      "c rim true_empty",
      "=d, e core hit",
      "=d, e rim hit",
    ],
  );
  assert.deepEqual(document.counts, { hit: 3, missed: 1, falseAlarm: 1, trueEmpty: 3 });
  // core: (0.8 + 0 + 1) / 3, rim: (0 + 1) / 2.
  const core = document.perClass["core"] as { dice: number; counts: { hit: number } };
  assert.ok(Math.abs(core.dice - 0.6) < 1e-12);
  assert.equal(core.counts.hit, 2);
  assert.ok(Math.abs((document.mean.dice as number) - 0.55) < 1e-12);
  const [low, high] = document.intervals.dice as [number, number];
  assert.ok(low < 0.55 && high > 0.55);
  assert.equal(document.conventions["unit"], "mm");
  assert.equal(document.conventions["emptyRule"], "nnunet");
  const [, trueEmpty] = document.cases;
  assert.equal(trueEmpty?.dice, null, "undefined scores are null in JSON");
  assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
});

test("evaluationCsv() has a line per case and class, quotes names and tames formulas", () => {
  const document = evaluationDocument(CASES, aggregate(CASES), ABOUT);
  const lines = evaluationCsv(document.cases).split("\r\n");
  assert.equal(
    lines[0],
    "case,patient,class,state,dice,iou,hd95,hd95Penalized,truePositives,falsePositives,falseNegatives",
  );
  assert.equal(lines.length, 10);
  assert.equal(lines[2], "a,a,rim,true_empty,,,,,0,0,0");
  assert.ok(lines[7]?.startsWith(`"'=d, e","'=d, e",core,hit,1,1,0,0,2,0,0`), lines[7]);
});

test("evaluationRows() shows how many patients a mean has where not all have a value", () => {
  const rows = evaluationRows(aggregate(CASES), { unit: "mm" });
  assert.deepEqual(rows[0], ["class", "n", "Dice", "IoU", "HD95 mm", "hit", "missed", "false alarm", "true empty"]);
  assert.deepEqual(rows.map(([label]) => label), ["class", "core", "rim", "mean"]);
  assert.match(rows[1]?.[2] ?? "", /^0\.600 \[0\.\d{3}, \d\.\d{3}\] \(3\)$/);
  assert.match(rows[1]?.[4] ?? "", /^\d+\.\d\d \(2\)$/);
  assert.deepEqual(rows[1]?.slice(5), ["2", "0", "1", "1"]);
});
