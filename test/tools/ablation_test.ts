import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { armName, cellName, cellsOf } from "../../tools/ablation/arms.ts";
import { scoresOf } from "../../tools/ablation/run_cell.ts";
import { nestedChoices } from "../../tools/ablation/nested.ts";
import { plots } from "../../tools/ablation/plots.ts";
import { armResults, differences, markdown } from "../../tools/ablation/tables.ts";

const CELLS = cellsOf({
  ...{ nets: ["elu-net"], heads: ["none", "j"], inputSizes: [16], recipes: ["authors"], seeds: [0, 1], folds: 2 },
});

/** The Dice of a made-up patient: j gains 0.1, a second seed 0.02, each patient 0.05 more than the one before. */
function dice(head: string, seed: number, patient: number): number {
  return 0.3 + (head === "j" ? 0.1 : 0) + 0.02 * seed + 0.05 * patient;
}

function withScores(use: (out: string) => void): void {
  const out = mkdtempSync(join(tmpdir(), "seg-ablation-"));
  try {
    for (const cell of CELLS) {
      const cases = [0, 1, 2].map((i) => 3 * cell.fold + i).map((patient) => ({
        ...{ case: `p${patient}`, patient: `p${patient}`, class: "tumour", state: "hit" },
        ...{ truePositives: 10, falsePositives: 2, falseNegatives: 3 },
        dice: dice(cell.head, cell.seed, patient),
      }));
      mkdirSync(dirname(scoresOf(cell, out)), { recursive: true });
      writeFileSync(scoresOf(cell, out), JSON.stringify({ cases }));
    }
    use(out);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

test("cellsOf() gives every combination once, in folders of their own", () => {
  assert.equal(CELLS.length, 8);
  assert.equal(new Set(CELLS.map(cellName)).size, 8);
  assert.deepEqual([...new Set(CELLS.map(armName))], ["elu-net none 16 px authors", "elu-net j 16 px authors"]);
});

test("armResults() averages each patient over the seeds and joins the folds", () => {
  withScores((out) => {
    const [none, j] = armResults(CELLS, out);
    assert.deepEqual([none?.trainings, j?.trainings], [4, 4]);
    assert.deepEqual(Object.keys(j?.dicePerPatient ?? {}), ["p0", "p1", "p2", "p3", "p4", "p5"]);
    assert.ok(Math.abs((j?.dicePerPatient["p2"] ?? 0) - 0.51) < 1e-12, "0.3 + 0.1 + 0.01 + 0.1");
    assert.ok(Math.abs((none?.dice ?? 0) - 0.435) < 1e-12, "0.3 + 0.01 + 0.05 · 2.5");
    const [low, high] = none?.interval ?? [0, 0];
    assert.ok(low > 0.31 && low < 0.435 && high > 0.435 && high < 0.56, `${low} to ${high}`);
    rmSync(scoresOf(CELLS[0] as (typeof CELLS)[number], out));
    assert.equal(armResults(CELLS, out)[0]?.trainings, 3, "a cell that is not done");
  });
});

test("differences() compares patient by patient with the arms that are baselines", () => {
  withScores((out) => {
    const results = armResults(CELLS, out);
    const [difference, ...more] = differences(results, ["none"]);
    assert.deepEqual(more, []);
    assert.deepEqual([difference?.arm, difference?.from, difference?.patients], [
      ...["elu-net j 16 px authors", "elu-net none 16 px authors", 6],
    ]);
    assert.ok(Math.abs((difference?.mean ?? 0) - 0.1) < 1e-12);
    // All six signs agree: two of 2⁶ assignments are as far out.
    assert.equal(difference?.p, 2 / 64);
    const cost = { parameters: 800_225, flops: 27.1e6, kernels: 88, headShare: 0.25, nanoFps: 113.6 };
    const costs = new Map([["elu-net j 16 px authors", cost]]);
    const text = markdown(results, differences(results, ["none"]), { costs, nested: [] });
    assert.match(
      text,
      /\| elu-net \| j \| 16 \| authors \| 4 \| 6 \| 0\.535 \| 0\.\d+ to 0\.\d+ \| 800225 \| 27\.1 \| 88 \(25\.0 %\) \| 114 \|/,
    );
    assert.match(plots(results, costs) ?? "", /<title>j: 0\.535<\/title>/);
    assert.equal(plots(results, new Map()), undefined);
    assert.match(text, /\| elu-net j 16 px authors \| elu-net none 16 px authors \| 6 \| \+0\.100 \|/);
  });
});

test("nestedChoices() scores every fold by the arm that is best on the others", () => {
  withScores((out) => {
    // On the patients of fold 1 alone "none" is far better: fold 0 takes it, and loses by it.
    for (const cell of CELLS.filter(({ fold, head }) => fold === 1 && head === "none")) {
      const { cases } = JSON.parse(readFileSync(scoresOf(cell, out), "utf8"));
      writeFileSync(
        scoresOf(cell, out),
        JSON.stringify({ cases: cases.map((one: object) => ({ ...one, dice: 0.99 })) }),
      );
    }
    const [choice, ...more] = nestedChoices(CELLS, out, "none+authors");
    assert.deepEqual(more, []);
    assert.deepEqual(choice?.chosen, ["elu-net none 16 px authors", "elu-net j 16 px authors"]);
    // Fold 0 by none: 0.31, 0.36, 0.41; fold 1 by j: 0.56, 0.61, 0.66.
    assert.ok(Math.abs((choice?.dice ?? 0) - 2.91 / 6) < 1e-12);
    assert.ok(Math.abs((choice?.comparison.meanDifference ?? 0) - (1.83 - 2.97) / 6) < 1e-12);
    rmSync(scoresOf(CELLS.find(({ head, fold }) => head === "j" && fold === 1) as (typeof CELLS)[number], out));
    assert.deepEqual(nestedChoices(CELLS, out, "j").length, 1, "another seed of that fold is left");
    assert.deepEqual(nestedChoices(CELLS, out, "guided"), []);
  });
});
