/** The kit of an exported model: what builds, checks and times it on a device that has JetPack alone. */
import { loadCase } from "../data/dataset.ts";
import { described, type Model } from "../model/model.ts";
import { makeKit, writeKit } from "../tensorrt/kit.ts";
import { runnerSettings } from "../tensorrt/kit_runner.ts";
import type { Precision, Target } from "../tensorrt/targets.ts";
import type { ParityData } from "./parity_data.ts";
import { referenceFrame, referenceRun } from "./reference_run.ts";

/** What {@link exportKit} puts into a kit. */
export interface KitWork {
  readonly folder: string;
  readonly name: string;
  readonly model: Model;
  readonly target: Target;
  readonly precision: Precision;
  readonly workspaceMiB: number;
  /** A slice of its first case is the reference; a phantom's where there is none. */
  readonly data: ParityData | undefined;
}

/**
 * Largest difference to the reference, as a share of its largest value: what rounding to 11 or 24 bits adds up to in a deep network. In
 * INT8 a number that lies between two steps may fall on either.
 */
const TOLERANCES: Readonly<Record<Precision, number>> = { fp16: 0.02, fp32: 1e-3, int8: 0.1 };
/** Pixels that may change sides of the threshold: those whose probability is a half but for rounding. */
const FLIPPED_SHARES: Readonly<Record<Precision, number>> = { fp16: 0.001, fp32: 0.001, int8: 0.005 };

/** Writes a kit. @throws {Failure} where a file cannot be written. */
export async function exportKit({ model, data, folder, ...options }: KitWork): Promise<void> {
  const [first] = data?.cases ?? [];
  const image = data && first && loadCase(data.index, first).image;
  const { inputs, outputs } = await referenceRun(model, image);
  const largest = outputs.reduce(
    (most, { values }) => values.reduce((m, value) => Math.max(m, Math.abs(value)), most),
    0,
  );
  const [input] = inputs;
  const answer = outputs.find(({ name }) => name === model.metadata?.output.answer);
  const runner = model.metadata && input && answer && {
    settings: runnerSettings(model.metadata, { input, answer }),
    frame: await referenceFrame(described(model), image),
  };
  const { activation, threshold = 0.5 } = model.metadata?.output ?? {};
  writeKit(
    folder,
    makeKit({
      ...options,
      onnx: model.bytes,
      inputs,
      outputs,
      tolerance: Number((TOLERANCES[options.precision] * Math.max(1, largest)).toPrecision(2)),
      threshold: activation === "none" ? threshold : 0,
      flippedShare: FLIPPED_SHARES[options.precision],
      runner,
    }),
  );
}
