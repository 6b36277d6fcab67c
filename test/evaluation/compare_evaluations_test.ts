import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { compareEvaluations, comparisonLines } from "../../src/evaluation/compare_evaluations.ts";
import { readEvaluation } from "../../src/evaluation/evaluation_file.ts";
import type { ScoredCase } from "../../src/metrics/aggregate.ts";
import { put, withFolder } from "../data/made_folders.ts";

const CONVENTIONS = { unit: "mm", hd95Variant: "max", tolerances: [2] } as const;

function cases(dice: Readonly<Record<string, number | null>>, label = "lesion"): ScoredCase[] {
  return Object.entries(dice).map(([id, value]) => ({
    case: id,
    patient: id,
    rows: [{ class: label, state: "hit", dice: value, truePositives: 1, falsePositives: 0, falseNegatives: 0 }],
  }));
}

test("compareEvaluations() subtracts the other evaluation, patient by patient", () => {
  const comparison = compareEvaluations(
    cases({ a: 0.9, b: 0.7, c: 0.5, x: 1 }),
    cases({ a: 0.8, b: 0.5, c: 0.5 }),
    "o.json",
  );
  const { dice } = comparison["lesion"] ?? {};
  assert.equal(dice?.n, 3);
  assert.deepEqual(dice?.leftOut, ["x"]);
  assert.ok(Math.abs((dice?.meanDifference ?? 0) - 0.1) < 1e-12);
  assert.deepEqual([dice?.higher, dice?.equal, dice?.lower], [2, 1, 0]);
  assert.match(
    comparisonLines(comparison, CONVENTIONS)[0] ?? "",
    /^lesion +Dice +\+0\.100 +\[\+0\.\d{3}, \+0\.200\] +2 +1 +0 +3 +0\.50$/m,
  );
});

test("comparisonLines() counts a shorter distance as better", () => {
  const withDistance = (distances: readonly number[]) =>
    cases({ a: 1, b: 1, c: 1 }).map((one, i) => ({
      ...one,
      rows: one.rows.map((row) => ({ ...row, hd95Penalized: distances[i]! })),
    }));
  const [table] = comparisonLines(
    compareEvaluations(withDistance([1, 2, 5]), withDistance([3, 4, 4]), "o.json"),
    CONVENTIONS,
  );
  assert.match(table ?? "", /^class +score +difference +95 % interval +better +equal +worse +n +p$/m);
  assert.match(table ?? "", /^lesion +HD95 penalized mm +-1\.000 +\[-2\.000, \S+\] +2 +0 +1 +3 +\S+$/m);
  assert.match(table ?? "", /^lesion +Dice +\+0\.000 +\S+ \S+ +0 +3 +0 +3 +1\.0$/m);
});

test("compareEvaluations() refuses evaluations that have nothing in common", () => {
  const message = "o.json has no class and patient in common with this evaluation; compare scores of one data set";
  assert.throws(() => compareEvaluations(cases({ a: 1 }), cases({ b: 1 }), "o.json"), { name: "Failure", message });
  assert.throws(() => compareEvaluations(cases({ a: 1 }), cases({ a: 1 }, "other"), "o.json"), { message });
});

test("readEvaluation() reads the rows of a metrics.json and refuses other files", () => {
  withFolder((folder) => {
    const row = {
      patient: "p",
      class: "lesion",
      state: "hit",
      dice: 0.5,
      truePositives: 1,
      falsePositives: 1,
      falseNegatives: 1,
    };
    put(folder, "m.json", {
      cases: [{ case: "a", ...row }, { case: "a", ...row, class: "rim" }, { case: "b", ...row, dice: null }],
    });
    const read = readEvaluation(join(folder, "m.json"));
    assert.deepEqual(read.map((one) => [one.case, one.patient, one.rows.length]), [["a", "p", 2], ["b", "p", 1]]);
    const faults: readonly (readonly [unknown, string])[] = [
      [{}, "cases is missing, expected a list"],
      [{ cases: [] }, "cases is [], expected rows of cases"],
      [{ cases: [{ case: 1 }] }, "cases[0].case is 1, expected a text"],
      [{ cases: [{ case: "a", ...row, dice: "0.5" }] }, 'cases[0].dice is "0.5", expected a number'],
      [{ cases: [{ case: "a", ...row, state: "hot" }] }, 'cases[0].state is "hot", expected one of hit, missed'],
      [{ cases: [{ case: "a", ...row, truePositives: -1 }] }, "cases[0].truePositives is -1, expected a whole number"],
      [
        { cases: [{ case: "a", ...row }], confusion: { labels: ["a"], voxels: [[1, 2], [3, 4]] } },
        "confusion is ",
      ],
      [null, "it holds null, expected an object"],
    ];
    for (const [content, fault] of faults) {
      put(folder, "x.json", content);
      assert.throws(() => readEvaluation(join(folder, "x.json")), (error: Error) => {
        assert.ok(error.message.startsWith(`Cannot use ${join(folder, "x.json")}: ${fault}`), error.message);
        assert.ok(error.message.endsWith("; give the metrics.json of seg evaluate --out"), error.message);
        return true;
      });
    }
    put(folder, "t.json", "no json");
    assert.throws(() => readEvaluation(join(folder, "t.json")), {
      name: "Failure",
      message: /^Cannot read .*t\.json: /,
    });
  });
});
