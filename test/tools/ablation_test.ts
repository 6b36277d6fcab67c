import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { armName, cellName, cellsOf } from "../../tools/ablation/arms.ts";
import { scoresOf } from "../../tools/ablation/run_cell.ts";
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
    const text = markdown(results, differences(results, ["none"]));
    assert.match(text, /\| elu-net \| j \| 16 \| authors \| 4 \| 6 \| 0\.535 \| 0\.\d+ to 0\.\d+ \|/);
    assert.match(text, /\| elu-net j 16 px authors \| elu-net none 16 px authors \| 6 \| \+0\.100 \|/);
  });
});
