/** Which epoch is the best one, and what damaged lines are told as. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  bestEpoch,
  type EpochRecord,
  epochsWithoutBetter,
  readHistory,
  writeHistory,
} from "../../src/training/runs/history.ts";
import { inFolder } from "../commands/run_program.ts";

/** Dice and validation loss; undefined: not validated. */
type Scores = readonly [dice: number | null, loss?: number] | undefined;

function history(...epochs: readonly Scores[]): EpochRecord[] {
  return epochs.map((scores, i) => {
    const [dice = null, validationLoss] = scores ?? [];
    return {
      epoch: i + 1,
      learningRate: 0.1,
      lossPerLevel: [1],
      trainLoss: 1,
      dice,
      iou: dice,
      dicePerClass: scores === undefined ? {} : { lesion: dice },
      ...(validationLoss !== undefined && { validationLoss }),
      seconds: 1,
    };
  });
}

test("bestEpoch() is the first of the highest Dice, and of the lowest validation loss while nothing is found", () => {
  const best = (...epochs: readonly Scores[]) => bestEpoch(history(...epochs))?.epoch;
  assert.equal(best(), undefined);
  assert.equal(best(undefined), undefined);
  assert.equal(best([0.5, 2], [0.6, 3], [0.6, 1], [0.4, 0]), 2);
  assert.equal(best([0, 3], [0, 1], [null, 2], [0, 1]), 2);
  assert.equal(best([0, 1], [0.1, 9]), 2);
  assert.equal(best([0.1, 9], [0, 1]), 1);
  // Of version 0.1.0.
  assert.equal(best([0], [0], [0]), 1);
});

test("epochsWithoutBetter() counts from the first hit on", () => {
  const count = (...epochs: readonly Scores[]) => epochsWithoutBetter(history(...epochs));
  assert.equal(count([0, 3], [0, 4], [null]), 0);
  assert.equal(count([0, 3], [0.1, 4], [0.1, 2], undefined), 2);
  assert.equal(count([0.2], [0.3]), 0);
});

test("readHistory() reads what writeHistory() wrote, and names damaged lines", async () => {
  await inFolder((folder) => {
    const path = join(folder, "history.jsonl");
    const records = history([0.5, 1], undefined);
    writeHistory(path, records);
    assert.deepEqual(readHistory(path), records);
    const [first, second] = records.map((record) => JSON.stringify(record));
    const remedy = "restore the file, or continue the run with --resume";
    const cases: readonly (readonly [string, string])[] = [
      [
        `${first}\n${second?.replace('"seconds":1', '"seconds":"1"')}`,
        `Cannot use line 2 of ${path}: seconds is "1", expected a number from 0`,
      ],
      [`${second}`, `Cannot use line 1 of ${path}: it is of epoch 2, expected 1`],
      ["[]", `Cannot use line 1 of ${path}: it holds [], expected an object`],
    ];
    for (const [text, fault] of cases) {
      writeFileSync(path, text);
      assert.throws(() => readHistory(path), { name: "Failure", message: `${fault}; ${remedy}` });
    }
    return Promise.resolve();
  });
});
