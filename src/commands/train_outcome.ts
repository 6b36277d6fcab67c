/** What `seg train` shows in the end. */
import { join } from "node:path";
import { formatDuration, formatNumber } from "../text.ts";
import type { CrossValidation } from "../training/runs/fold_pool.ts";
import { readConfig, runFolder } from "../training/runs/run_folder.ts";
import type { StopReason, TrainSummary } from "../training/runs/train_options.ts";
import { datasetOptions } from "./dataset_options.ts";
import type { Outcome } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { reportLine } from "./report_after.ts";
import type { Reported } from "./train_reports.ts";

const REASONS: Readonly<Record<StopReason, string>> = {
  epochs: "",
  patience: "; it ended early: the score did not rise any more (--patience)",
  "time-budget": "; it ended early: the time was over (--time-budget)",
};

const FOUND_NOTHING =
  "No epoch found anything in the validation cases: the model is that of the lowest validation loss. " +
  "Train for more --epochs, with --loss dice-bce (several classes: dice-ce) or another --learning-rate, and see what " +
  "seg check says of the masks";

/** The scores of the best epoch, the files, and the next step. */
export function trainingOutcome({ summary, report }: Reported<TrainSummary>, dataset?: string): Outcome {
  const { run, model, epochs, bestEpoch, stopped, seconds, validation } = summary;
  const { dice, iou, perClass } = validation;
  const { data, place } = readConfig(runFolder(run));
  const classes = Object.entries(perClass);
  const each = classes.length > 1
    ? ` (${classes.map(([name, value]) => `${name} ${formatNumber(value, 3)}`).join(", ")})`
    : "";
  return {
    json: { ...summary, report: report ?? null },
    text: [
      `Dice ${formatNumber(dice, 3)}${each} and IoU ${
        formatNumber(iou, 3)
      } on the validation cases: epoch ${bestEpoch} of ${epochs}, ` +
      `in ${formatDuration(seconds)}${REASONS[stopped]}`,
      ...((dice ?? 0) === 0 ? [FOUND_NOTHING] : []),
      `model    ${model}`,
      `card     ${join(run, "model-card.md")}`,
      `history  ${join(run, "history.jsonl")}`,
      ...(report === undefined ? [] : [`report   ${report}`]),
    ].join("\n"),
    next: nextLine(["seg", "evaluate", model, dataset ?? place.dataset], datasetOptions, data),
  };
}

/** The tables of all folds, and the next step. */
export function crossValidationOutcome(
  { summary: { document, models, text }, report }: Reported<CrossValidation>,
  out: string,
): Outcome {
  return {
    json: { run: out, models, ...document, report: report ?? null },
    text: text + reportLine(report),
    next: nextLine(["seg", "ensemble", ...models, "--out", join(out, "ensemble.onnx")]),
  };
}
