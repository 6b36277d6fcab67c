/** Published times and those of kits as observations of the clock. */
import { resolve } from "node:path";
import { importKit } from "../../src/bench/kit_report.ts";
import { countKernels } from "../../src/tensorrt/kernels.ts";
import { layerWork } from "../../src/tensorrt/layer_work.ts";
import { workTimes } from "../../src/tensorrt/clock.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import type { Observation } from "./fit.ts";
import { PUBLISHED_TIMES } from "./published.ts";

/** The published times in FP16. */
export function publishedObservations(): Observation[] {
  return PUBLISHED_TIMES.map(({ name, source, build, ms }) => {
    const graph = build();
    const times = workTimes(layerWork(graph), findTarget("nano"), "fp16");
    if (times === undefined) throw new Error("the peak rates of the Nano are not known");
    return { name, source, ms, kernels: countKernels(graph), ...times };
  });
}

/** What a kit has measured: its folder `result`, inside the kit. @throws {Failure} where it is no result, and {Error} where its work is not known. */
export function kitObservation(folder: string): Observation {
  const { report, work, target } = importKit(folder);
  const times = work && workTimes(work, target, report.precision);
  if (times === undefined || report.kernels === undefined) {
    throw new Error(`the work of ${folder} is not known: keep the folder result inside its kit`);
  }
  return { name: resolve(folder), source: "kit", ms: report.latencyMs.p50, kernels: report.kernels, ...times };
}
