/** What the networks of an ablation cost, and how fast a Jetson Nano can run them at most. */
import { existsSync } from "node:fs";
import { layerWork } from "../../src/bench/layer_work.ts";
import { type Roof, roofline, roofOf } from "../../src/bench/roofline.ts";
import { exportModel } from "../../src/deployment/export_model.ts";
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
  /** Images per second on a Jetson Nano in FP16: an estimate from arithmetic, memory and kernels, not a measurement. */
  readonly nanoFps: number;
}

/**
 * Time of the Nano's processor to start a kernel: enqueueing ResNet-18, about 60 layers, takes 6 ms (NVIDIA's forum and recorded logs).
 * Small networks are bound by it.
 */
const LAUNCH_MS = 0.1;

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
  const roof = roofOf(findTarget("nano"), "fp16") as Roof;
  // Bytes are counted in float32.
  const layers = layerWork(exportModel(model).graph).map((layer) => ({ ...layer, bytes: layer.bytes / 2 }));
  const { floorMs } = roofline(layers, roof);
  return {
    ...{ parameters, flops, kernels },
    headShare: (head?.kernels ?? 0) / kernels,
    nanoFps: 1000 / Math.max(floorMs, LAUNCH_MS * kernels),
  };
}
