/** The history of a run: a line of JSON per epoch in `history.jsonl`. */
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { readTextFile, writeFileAtomic } from "../../files.ts";
import { parseJson } from "../../json.ts";
import { listOf, realNumber, recordOf, wholeNumber } from "../../schemas.ts";
import { countOf } from "../../text.ts";

const Score = v.nullable(realNumber());

/** What an epoch came to. */
export const EpochRecord = v.object({
  epoch: wholeNumber(1),
  learningRate: realNumber(),
  /** Mean loss of each level over the epoch. */
  lossPerLevel: v.pipe(listOf(realNumber()), v.minLength(1, "a loss for each level")),
  trainLoss: realNumber(),
  /** Mean foreground Dice of the validation cases on their own grids, and per class; null where no case has a value. */
  dice: Score,
  iou: Score,
  dicePerClass: recordOf(Score),
  /** Sum of the levels' losses on slices of the validation cases; absent where the epoch was not validated, and before 0.2. */
  validationLoss: v.exactOptional(realNumber()),
  seconds: realNumber(0),
});

export type EpochRecord = Readonly<v.InferOutput<typeof EpochRecord>>;

/** The epochs whose model was scored. */
export function validated(history: readonly EpochRecord[]): readonly EpochRecord[] {
  return history.filter(({ dicePerClass }) => Object.keys(dicePerClass).length > 0);
}

/**
 * The epoch with the best model: the first one with the highest mean Dice; while nothing is found, and Dice is 0, that with the
 * lowest validation loss.
 */
export function bestEpoch(history: readonly EpochRecord[]): EpochRecord | undefined {
  return validated(history).reduce<EpochRecord | undefined>(
    (best, record) => best === undefined || isBetter(record, best) ? record : best,
    undefined,
  );
}

function isBetter(record: EpochRecord, best: EpochRecord): boolean {
  const [now, before] = [record.dice ?? 0, best.dice ?? 0];
  if (now > 0 || before > 0) return now > before;
  return record.validationLoss !== undefined && best.validationLoss !== undefined &&
    record.validationLoss < best.validationLoss;
}

/** Epochs without a better score, counted from the best one on; 0 while nothing is found. */
export function epochsWithoutBetter(history: readonly EpochRecord[]): number {
  const best = bestEpoch(history);
  return best === undefined || (best.dice ?? 0) === 0 ? 0 : history.length - best.epoch;
}

const LARGEST_BYTES = 256 * 2 ** 20;

/** The epochs of a `history.jsonl`. @throws {Failure} naming the line of the file that is damaged. */
export function readHistory(path: string): EpochRecord[] {
  const remedy = "restore the file, or continue the run with --resume";
  const lines = readTextFile(path, LARGEST_BYTES, remedy).split("\n").filter((line) => line !== "");
  let levels: number | undefined;
  return lines.map((line, i) => {
    const from = `line ${i + 1} of ${path}`;
    const record = parseJson(line, EpochRecord, { from, remedy });
    if (record.epoch !== i + 1) {
      throw new Failure(`Cannot use ${from}: it is of epoch ${record.epoch}, expected ${i + 1}; ${remedy}`);
    }
    const { length } = record.lossPerLevel;
    levels ??= length;
    if (length !== levels) {
      throw new Failure(`Cannot use ${from}: it is of ${countOf(length, "level")}, expected ${levels}; ${remedy}`);
    }
    return record;
  });
}

/** Writes one line per epoch. */
export function writeHistory(path: string, records: readonly EpochRecord[]): void {
  writeFileAtomic(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
}
