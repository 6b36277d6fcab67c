/** What `seg train` does: one run, all folds, or the part of an array job that is this task's. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { arrayIndex } from "../cluster/array_index.ts";
import { readSplits } from "../data/splits.ts";
import { type Outcome, usageFailure } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import type { UsageFailure } from "../failure.ts";
import type { WorkContext } from "../reporter.ts";
import { crossValidate, isCrossValidation } from "../training/runs/cross_validation.ts";
import { runFold } from "../training/runs/fold_run.ts";
import { refuseExistingRun } from "../training/runs/run_folder.ts";
import { runSettings } from "../training/runs/run_settings.ts";
import { train } from "../training/runs/train.ts";
import { TRAIN_DEFAULTS, type TrainOptions, type TrainSummary } from "../training/runs/train_options.ts";
import { defined } from "./defined.ts";
import type { TrainArguments } from "./train_arguments.ts";
import { crossValidationOutcome, trainingOutcome } from "./train_outcome.ts";
import { crossValidateWithReports, trainWithReport } from "./train_reports.ts";
import { programVersion } from "./version.ts";

/** @throws {UsageFailure} where options do not go together; else as `train()`. */
export async function runTrain(args: TrainArguments, context: WorkContext): Promise<Outcome> {
  const { resume, epochs, patience, timeBudgetSeconds, threads, provider, tensorboard, ...started } = args;
  const limits = {
    ...defined({ epochs, patience, timeBudgetSeconds, threads, provider }),
    ...(tensorboard && { tensorboard }),
  };
  const version = programVersion();
  if (resume !== undefined) {
    const options = { resume, version, ...limits };
    return isCrossValidation(resume)
      ? crossValidationOutcome(
        await crossValidateWithReports(resume, context, () => crossValidate(options, context)),
        resume,
      )
      : trainingOutcome(await trainWithReport(resume, context, () => train(options, context)));
  }
  const { dataset, out, config: _, continue: continuing, fold, seed, ignoreOrigin, newHead, ...chosen } = started;
  if (dataset === undefined) {
    throw usage("DATASET is missing: data set folder, unless --resume names a run or --config a file with dataset");
  }
  if (newHead && chosen.init === undefined) {
    throw usage("--new-head needs --init, whose other weights it keeps; a network from scratch has a new head anyway");
  }
  if (chosen.train !== undefined && chosen.init === undefined) {
    throw usage("--train needs --init: of a network from scratch all weights are learned");
  }
  const { fold: defaultFold, seed: defaultSeed, ...defaults } = TRAIN_DEFAULTS;
  const settings = {
    ...defaults,
    ...defined(chosen),
    ...(ignoreOrigin && { ignoreOrigin }),
    ...(newHead && { newHead }),
    ...limits,
    dataset,
    version,
  };
  const whole = { fold: fold ?? defaultFold, seed: seed ?? defaultSeed };
  if (typeof whole.fold === "object" || typeof whole.seed === "object") {
    if (out === undefined) throw usage("a number that is auto needs --out, the folder of all tasks");
    return await runTask({ ...settings, out }, whole, context);
  }
  if (continuing && out === undefined) throw usage("--continue needs --out, the folder that is to be continued");
  const options = {
    ...settings,
    seed: whole.seed,
    fold: whole.fold === "all" ? 0 : whole.fold,
    out: out ?? dateFolder(),
  };
  // Before anything that writes a report: it must not be that of another run.
  if (!continuing) refuseExistingRun(options.out);
  if (whole.fold === "all") {
    return crossValidationOutcome(
      await crossValidateWithReports(
        options.out,
        context,
        () => crossValidate(runSettings(options), context, { continuing }),
      ),
      options.out,
    );
  }
  const reported = await trainWithReport(
    options.out,
    context,
    async () => continuing ? (await runFold(runSettings(options), context)).summary : await train(options, context),
  );
  return trainingOutcome(reported, dataset);
}

type Numbers = { readonly [K in "fold" | "seed"]: NonNullable<TrainArguments[K]> };

/** Runs the part that the scheduler's number stands for: it goes through all folds of one seed, then through those of the next. */
async function runTask(
  settings: Omit<TrainOptions, "fold" | "seed">,
  { fold, seed }: Numbers,
  context: WorkContext,
): Promise<Outcome> {
  if (fold === "all") throw usage("--fold all does not go with --seed auto: give --fold auto, a fold per task");
  const { splitFile } = settings;
  const folds = splitFile === undefined ? settings.folds : readSplits(splitFile).length;
  const [foldCount, seeds] = [typeof fold === "object" ? folds : 1, typeof seed === "object" ? seed.of : 1];
  const auto = [
    ...(typeof fold === "object" ? [{ ...fold, option: "--fold auto" }] : []),
    ...(typeof seed === "object" ? [{ ...seed, option: `--seed auto/${seed.of}` }] : []),
  ];
  const first = auto.find((one) => one.first === 1)?.first;
  const option = auto.map((one) => one.option).join(" ");
  const { variable, value, index } = arrayIndex(process.env, { count: foldCount * seeds, first, option });
  const mine = {
    fold: typeof fold === "object" ? index % foldCount : fold,
    seed: typeof seed === "object" ? Math.floor(index / foldCount) : seed,
  };
  const out = join(
    settings.out,
    ...(typeof seed === "object" ? [`seed_${mine.seed}`] : []),
    ...(typeof fold === "object" ? [`fold_${mine.fold}`] : []),
  );
  context.reporter.note(`${variable} is ${value}: fold ${mine.fold} of ${folds}, seed ${mine.seed}, in ${out}`);
  const reported = await trainWithReport(out, context, async () => {
    const options = runSettings({ ...settings, ...mine, folds, out });
    return (await runFold(options, context, { ...(typeof seed === "object" && { seeds }) })).summary;
  });
  const { json, text } = trainingOutcome(reported);
  return {
    json: { ...json as TrainSummary, task: { variable, value, ...mine } },
    text,
    next: `${nextLine(["seg", "merge", settings.out])} (when all tasks are done)`,
  };
}

function usage(text: string): UsageFailure {
  return usageFailure("train", text);
}

/** `runs/<date>`, with a number where several trainings start in one minute. */
function dateFolder(): string {
  const date = new Date().toISOString().slice(0, 16).replace("T", "-").replace(":", "");
  for (let number = 1;; number++) {
    const folder = number === 1 ? `runs/${date}` : `runs/${date}-${number}`;
    if (!existsSync(folder)) return folder;
  }
}
