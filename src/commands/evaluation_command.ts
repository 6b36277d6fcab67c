/** The command line that scores what a training made. */
import { quoteForShell } from "../tensorrt/command_line.ts";
import type { TrainSettings } from "../training/train_options.ts";

/** How the data set is read, as far as the model does not say it. */
export type DatasetReading = Pick<
  TrainSettings,
  "dataset" | "layout" | "map" | "ignore" | "group" | "spacingMm" | "ignoreOrigin"
>;

/** `seg evaluate` for a model and the data set that it was trained on, with the options that read it. */
export function evaluationCommand(model: string, reading: DatasetReading): string {
  const { dataset, layout, map, ignore, group, spacingMm, ignoreOrigin } = reading;
  const options = { layout, map, ignore, group, spacing: spacingMm };
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, `${value}`]
  );
  return ["seg", "evaluate", model, dataset, ...words, ...(ignoreOrigin ? ["--ignore-origin"] : [])]
    .map(quoteForShell).join(" ");
}
