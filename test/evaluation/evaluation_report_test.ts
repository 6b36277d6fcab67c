import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluationCsv, evaluationDocument } from "../../src/evaluation/evaluation_report.ts";
import { conventionsOf } from "../../src/evaluation/conventions.ts";
import { conventionLines, evaluationRows } from "../../src/evaluation/score_table.ts";
import { summaryCsv } from "../../src/evaluation/summary_csv.ts";
import type { EvaluatedCase } from "../../src/evaluation/score_cases.ts";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { scoreCase } from "../../src/metrics/case_scores.ts";
import type { Metric } from "../../src/metrics/scores.ts";

/** Cases on a 6×1×1 grid: reference and prediction as digits. */
function scored(
  pairs: Readonly<Record<string, readonly [string, string]>>,
  options: { metrics?: readonly Metric[]; toleranceMm?: number } = { metrics: ["dice", "iou", "hd95"] },
): EvaluatedCase[] {
  return Object.entries(pairs).map(([id, [reference, prediction]]) => {
    const { rows, confusion, ...conventions } = scoreCase({
      reference: Uint8Array.from(reference, Number),
      prediction: Uint8Array.from(prediction, Number),
      shape: [6, 1, 1],
      spacingMm: [2, 2, 2],
      classes: [{ name: "core", value: 1 }, { name: "rim", value: 2 }],
      ...options,
    });
    return { case: id, patient: id, rows, conventions, ...(confusion && { confusion }) };
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
  assert.deepEqual(document.confusion, {
    labels: ["background", "core", "rim"],
    voxels: [[14, 1, 0], [1, 4, 0], [2, 0, 2]],
  });
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

test("evaluationRows() shows how many patients a mean has where not all have a value, and the states beside every mean", () => {
  const rows = evaluationRows(aggregate(CASES), conventionsOf(CASES));
  assert.deepEqual(rows[0], [
    "class",
    "n",
    "Dice",
    "IoU",
    "HD95 (max) mm",
    "HD95 penalized mm",
    "Dice pooled",
    "hit",
    "missed",
    "false alarm",
    "true empty",
  ]);
  assert.deepEqual(rows.map(([label]) => label), ["class", "core", "rim", "mean"]);
  assert.match(rows[1]?.[2] ?? "", /^0\.600 \[0\.\d{3}, \d\.\d{3}\] \(3\)$/);
  assert.match(rows[1]?.[4] ?? "", /^\d+\.\d\d \(2\)$/);
  // core: TP 2 + 2, FP 1, FN 1.
  assert.deepEqual(rows[1]?.slice(6), ["0.800", "2", "0", "1", "1"]);
  assert.deepEqual(rows[2]?.slice(7), ["1", "1", "0", "2"]);
  // a and d have a hit of the core, d one of the rim: 2 of 4 patients; every patient has a Dice of some class.
  assert.match(rows[3]?.[4] ?? "", /^\d+\.\d\d \(2\)$/);
  assert.match(rows[3]?.[2] ?? "", /^0\.550 \[\S+, \S+\]$/);
  const onlyCore = scored({ a: ["111000", "110000"], b: ["111000", "110000"], c: ["000000", "000000"] });
  const mean = evaluationRows(aggregate(onlyCore), conventionsOf(onlyCore)).at(-1);
  assert.equal(mean?.[3], "0.667 (2, 1 class)");
});

test("evaluationRows() shows every score where all are asked for, and names unit, variant and tolerance", () => {
  const every = scored({ a: ["111000", "110000"] }, {});
  const [heading = []] = evaluationRows(aggregate(every), { ...conventionsOf(every), every: true });
  assert.deepEqual(heading.slice(2, -5), [
    "Dice",
    "IoU",
    "sens.",
    "prec.",
    "HD mm",
    "HD95 (max) mm",
    "HD95 penalized mm",
    "ASSD mm",
    "MASD mm",
    "NSD@4mm",
    "lesion F1",
    "lesion sens.",
    "volume diff. ml",
    "relative",
    "spec.",
  ]);
});

test("evaluationCsv(), summaryCsv() and evaluationDocument() have the tolerance of every NSD", () => {
  const [one, two] = [scored({ a: ["111000", "110000"] }, {}), scored({ b: ["111000", "110000"] }, { toleranceMm: 1 })];
  const cases = [...one, ...two];
  const summary = aggregate(cases);
  const document = evaluationDocument(cases, summary, ABOUT);
  assert.deepEqual(document.conventions["tolerance"], [1, 4]);
  const lines = evaluationCsv(document.cases).trimEnd().split("\r\n").map((line) => line.split(","));
  assert.deepEqual(lines.map((line) => line.at(-1)), ["tolerance", "4", "4", "1", "1"]);
  const rows = summaryCsv(summary, conventionsOf(cases)).trimEnd().split("\r\n").map((line) => line.split(","));
  const ends = (score: string) => rows.find((row) => row[1] === score)?.slice(-2);
  assert.deepEqual([ends("nsd"), ends("dice")], [["1", "4"], ["", ""]]);
  assert.ok(evaluationRows(summary, conventionsOf(cases))[0]?.includes("NSD@1–4mm"));
});

test("conventionLines() names the empty rule and the variant of HD95", () => {
  const [empty, distance, pooled] = conventionLines(aggregate(CASES), { emptyRule: "monai", hd95Variant: "surfel" });
  assert.equal(empty, "Empty masks: rule monai (both empty and false alarm: left out; missed: Dice 0)");
  assert.match(distance as string, /^HD95: the larger of the two distances within which 95 % of the surface area lies/);
  assert.match(pooled as string, /^Dice pooled: /);
});

test("summaryCsv() has a line per class and score with intervals, worst case and states", () => {
  const plain = CASES.map((one, i) => ({ ...one, case: "abcd"[i] as string, patient: "abcd"[i] as string }));
  const lines = summaryCsv(aggregate(plain), { tolerances: [4] }).trimEnd().split("\r\n").map((line) =>
    line.split(",")
  );
  const [heading = []] = lines;
  const field = (label: string, score: string, name: string) =>
    lines.find((line) => line[0] === label && line[1] === score)?.[heading.indexOf(name)];
  assert.ok(lines.every((line) => line.length === heading.length));
  // 2 classes and their mean, each with 4 scores and a pooled Dice.
  assert.equal(lines.length, 1 + 3 * 5);
  assert.equal(Number(field("core", "dice", "mean")), 0.6);
  assert.deepEqual([field("core", "dice", "worstCase"), field("core", "dice", "worstValue")], ["c", "0"]);
  assert.deepEqual([field("rim", "dice", "n"), field("rim", "dice", "missed"), field("rim", "dice", "trueEmpty")], [
    "2",
    "1",
    "2",
  ]);
  assert.ok(Number(field("core", "dice", "meanLow")) < 0.6 && Number(field("core", "dice", "meanHigh")) > 0.6);
  assert.equal(Number(field("core", "dicePooled", "mean")), 0.8);
  assert.ok(Math.abs(Number(field("(mean of classes)", "dice", "mean")) - 0.55) < 1e-12);
  assert.deepEqual(["dice", "hd95"].map((score) => field("(mean of classes)", score, "n")), ["4", "2"]);
  assert.deepEqual(evaluationDocument(CASES, aggregate(CASES), ABOUT).n, {
    dice: 4,
    iou: 4,
    hd95: 2,
    hd95Penalized: 4,
  });
});
