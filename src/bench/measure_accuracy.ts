/** The Dice of a model that is measured: a fast network that finds nothing is no use. */
import { scoreModel } from "../evaluation/run_evaluation.ts";
import { aggregate } from "../metrics/aggregate.ts";
import type { NetworkOptions } from "../prediction/network.ts";
import type { WorkContext } from "../reporter.ts";
import type { Accuracy } from "./bench_report.ts";

/** What {@link measureAccuracy} asks for. */
export interface AccuracyOptions extends WorkContext, Pick<NetworkOptions, "threads" | "provider"> {
  readonly minimumDice: number;
  /** Path of trtexec, for engines. */
  readonly trtexec?: string | undefined;
}

/** Scores a model on its validation cases in `dataset`, or on all where it has none. @throws {Failure} where they do not belong together. */
export async function measureAccuracy(
  model: string,
  dataset: string,
  { minimumDice, ...options }: AccuracyOptions,
): Promise<Accuracy> {
  const scoring = { metrics: ["dice"], emptyRule: "nnunet", hd95Variant: "max" } as const;
  const { cases, split } = await scoreModel(dataset, model, { ...scoring, ...options });
  return { dice: aggregate(cases).mean.dice?.mean ?? null, minimumDice, cases: cases.length, split };
}

/** Whether the accuracy is reached. */
export function isAccurate({ dice, minimumDice }: Accuracy): boolean {
  return dice !== null && dice >= minimumDice;
}

/** The accuracy as a sentence. */
export function accuracyText(accuracy: Accuracy): string {
  const { dice, minimumDice, cases, split } = accuracy;
  const whose = `${cases} ${split === "val" ? "validation " : ""}case${cases === 1 ? "" : "s"}`;
  return isAccurate(accuracy)
    ? `Dice ${(dice as number).toFixed(3)} on ${whose}: at least ${minimumDice} is asked for`
    : `Dice ${
      dice === null ? "has no value" : dice.toFixed(3)
    } on ${whose}, where at least ${minimumDice} is asked for`;
}
