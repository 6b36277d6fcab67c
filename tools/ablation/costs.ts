/** What the networks of an ablation cost, and how fast a Jetson Nano is estimated to run them. */
import { existsSync } from "node:fs";
import { estimateModel } from "../../src/deployment/for_target.ts";
import { type Model, readModel } from "../../src/model/model.ts";
import { inspectModel } from "../../src/model/inspect.ts";
import type { NetCost } from "../../src/model/cost.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { armName, type Cell } from "./arms.ts";
import { modelOf } from "./run_cell.ts";

/** Costs of a network for one image. */
export interface ArmCost extends NetCost {
  /** Share of the head in the kernels. */
  readonly headShare: number;
  /** Images per second on a Jetson Nano in FP16: the estimate of src/tensorrt/clock.ts, not a measurement. */
  readonly nanoFps: number;
}

/** Adds the costs of each arm that has a model, by its name, to those that are known. */
export function addCosts(costs: Map<string, ArmCost>, cells: readonly Cell[], out: string): void {
  for (const cell of cells) {
    const file = modelOf(cell, out);
    if (costs.has(armName(cell)) || !existsSync(file)) continue;
    costs.set(armName(cell), costOf(readModel(file)));
  }
}

function costOf(model: Model): ArmCost {
  const { parameters, flops = 0, kernels = 0, head } = inspectModel(model);
  const estimate = estimateModel(model, { target: findTarget("nano") });
  return {
    ...{ parameters, flops, kernels },
    headShare: (head?.kernels ?? 0) / kernels,
    nanoFps: estimate?.fps ?? NaN,
  };
}
