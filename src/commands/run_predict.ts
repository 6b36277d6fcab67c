/** What `seg predict` does: all cases, or a part of them with a record beside its masks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { arrayIndex } from "../cluster/array_index.ts";
import type { Outcome } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { Failure } from "../failure.ts";
import { openModel } from "../prediction/open_model.ts";
import { beginPart, idsHash, type Part, type PartRecord, writeRecord } from "../prediction/part_record.ts";
import { fileNames, predictCases, type PredictionResult } from "../prediction/predict_cases.ts";
import { findCases, type PredictionCase, refuseOutputAmongInputs } from "../prediction/prediction_cases.ts";
import type { WorkContext } from "../reporter.ts";
import { sha256 } from "../sha256.ts";
import { countOf } from "../text.ts";
import { datasetOptions } from "./dataset_options.ts";
import type { PredictArguments } from "./predict_arguments.ts";

/** @throws {Failure} where nothing can be read or written; {UsageFailure} where the command line does not suit. */
export async function runPredict(args: PredictArguments, { reporter, signal }: WorkContext): Promise<Outcome> {
  refuseOutputAmongInputs(args.out, args.inputs);
  const { part, task } = partOf(args.part);
  if (task !== undefined) reporter.note(`${task.variable} is ${task.value}: part ${part?.number} of ${part?.of}`);
  const { metadata, start } = await openModel(args.model, { trtexec: args.trtexec, reporter, signal });
  const all = findCases(args.inputs, { metadata, layout: args.layout, reporter });
  const cases = part === undefined ? all : all.filter((_, i) => i % part.of === part.number - 1);
  const record = part && recordOf(args, { part, cases, all });
  const names = metadata.labels.map(({ name }) => name);
  const next = part === undefined
    ? nextLine(["seg", "evaluate", "--predictions", args.out, "DATASET", "--labels", names.join(",")], {
      layout: datasetOptions.layout,
    }, args)
    : `${nextLine(["seg", "merge", args.out])} (when all parts are done)`;
  if (record !== undefined && beginPart(args.out, record, args) === "done") {
    reporter.note(`Part ${record.part.number} of ${record.part.of} is done already in ${args.out}`);
    const skipped = cases.map((one) => join(args.out, fileNames(one)[0] as string));
    return { json: { files: [], skipped, failures: [], model: args.model, ...(task && { task }) }, text: "", next };
  }
  const finish = (failures: PartRecord["failures"]) => {
    if (record !== undefined) writeRecord(args.out, { ...record, done: true, failures });
  };
  const predictor = await start(args);
  try {
    const result = await predictCases(predictor, cases, { ...args, folder: args.out, reporter, signal });
    finish(result.failures.map(({ input, message }) => ({ id: idOf(cases, input), message })));
    const { files, skipped, failures } = result;
    if (skipped.length > 0) {
      const was = skipped.length === 1
        ? "exists already and was left as it is"
        : "exist already and were left as they are";
      reporter.warn(
        `${countOf(skipped.length, "mask")} ${was}; --force makes ${skipped.length === 1 ? "it" : "them"} anew`,
      );
    }
    const lines = files.map(({ input, output, milliseconds }) =>
      `${input} -> ${output} (${Math.round(milliseconds)} ms)`
    );
    if (failures.length > 0) lines.push(`${failures.length} of ${countOf(cases.length, "case")} failed`);
    return {
      json: { ...result, model: args.model, ...(task && { task }) } satisfies PredictionResult & { model: string },
      text: lines.join("\n"),
      failed: failures.length > 0,
      next,
    };
  } catch (error) {
    // The only case of a part: its failure is the command's, and is kept for the merge.
    const [only] = cases;
    if (only !== undefined && cases.length === 1 && error instanceof Failure && !signal.aborted) {
      finish([{ id: only.id, message: error.message }]);
    }
    throw error;
  } finally {
    await predictor.release();
  }
}

interface Task {
  readonly variable: string;
  readonly value: number;
}

function partOf(given: PredictArguments["part"]): { readonly part?: Part; readonly task?: Task } {
  if (given === undefined) return {};
  if ("number" in given) return { part: given };
  const { variable, value, index } = arrayIndex(process.env, {
    count: given.of,
    first: given.first,
    option: `--part auto/${given.of}`,
  });
  return { part: { number: index + 1, of: given.of }, task: { variable, value } };
}

function recordOf(
  args: PredictArguments,
  { part, cases, all }: { part: Part; cases: readonly PredictionCase[]; all: readonly PredictionCase[] },
): PartRecord {
  const { mirror, threshold, fillHoles, minimumVolumeMl, largestComponent, overlay, probabilities, layout } = args;
  const options = { mirror, threshold, fillHoles, minimumVolumeMl, largestComponent, overlay, probabilities, layout };
  return {
    part,
    model: args.model,
    configuration: sha256(JSON.stringify([sha256(readFileSync(args.model)), options])),
    all: { count: all.length, ids: idsHash(all.map(({ id }) => id)) },
    cases: cases.map((one) => ({ id: one.id, files: fileNames(one, args) })),
    done: false,
    failures: [],
  };
}

function idOf(cases: readonly PredictionCase[], input: string): string {
  return cases.find(({ inputs }) => inputs[0] === input)?.id ?? input;
}
