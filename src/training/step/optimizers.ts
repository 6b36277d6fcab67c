/** Optimizers as updates of a parameter store. */
import { UsageFailure } from "../../failure.ts";
import type { ParameterStore } from "./parameter_store.ts";
import { ADAM_SCALARS, SGD_SCALARS } from "./vector_kernels.ts";

/** What an optimizer needs for one update. */
export interface Update {
  readonly learningRate: number;
  /** Number of this update, from 1 on. */
  readonly step: number;
  /** Factor on the gradients, below 1 where they are clipped. */
  readonly gradientScale: number;
}

/** Changes the weights of a store by its gradients. */
export interface Optimizer {
  /** Makes one update in place. */
  update(store: ParameterStore, update: Update): void;
}

/** Options of {@link createOptimizer}; the defaults are PyTorch's. */
export interface OptimizerOptions {
  readonly name: "adam" | "adamw" | "sgd";
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly epsilon?: number | undefined;
  readonly momentum?: number | undefined;
  /** Decay of the weights; decoupled from the gradient for `adamw`, added to it for `sgd`. */
  readonly weightDecay?: number | undefined;
  /** Parameters that do not decay (normalization and bias), by index. */
  readonly undecayed?: ((index: number) => boolean) | undefined;
  /** Number of parameters. */
  readonly count: number;
}

/** Names of the optimizers. */
export const OPTIMIZER_NAMES: readonly OptimizerOptions["name"][] = ["adam", "adamw", "sgd"];

/**
 * Adam (Kingma, Ba 2015), AdamW (Loshchilov, Hutter 2019) or SGD with Nesterov momentum (Sutskever et al. 2013), step for step
 * as PyTorch.
 *
 * @throws {UsageFailure} for adam with weight decay, which Adam would divide by the size of the gradients.
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  if (options.name === "adam" && (options.weightDecay ?? 0) > 0) {
    throw new UsageFailure(
      `Weight decay ${options.weightDecay} does not go with adam: choose --optimizer adamw or sgd`,
    );
  }
  return options.name === "sgd" ? sgd(options) : adam(options);
}

function adam(
  { name, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, undecayed, count }: OptimizerOptions,
): Optimizer {
  const decay = name === "adamw" ? weightDecay : 0;
  return {
    update(store, { learningRate, step, gradientScale }) {
      for (const { start, length, decays } of runs(store, count, decay > 0 ? undecayed : undefined)) {
        const scalars: Record<(typeof ADAM_SCALARS)[number], number> = {
          gradientScale,
          ofGradient: 1 - beta1,
          beta2,
          ofSquare: 1 - beta2,
          step: learningRate / (1 - beta1 ** step),
          rootScale: 1 / Math.sqrt(1 - beta2 ** step),
          epsilon,
          keep: decays ? 1 - learningRate * decay : 1,
        };
        const [w, g, m, v] = (["weights", "gradients", "first", "second"] as const).map((array) =>
          store.address(array) + start
        ) as [number, number, number, number];
        store.kernels.adam(w, g, m, v, w + length, ...ADAM_SCALARS.map((scalar) => scalars[scalar]));
      }
    },
  };
}

function sgd({ momentum = 0.9, weightDecay = 0, undecayed, count }: OptimizerOptions): Optimizer {
  return {
    update(store, { learningRate, gradientScale }) {
      for (const { start, length, decays } of runs(store, count, weightDecay > 0 ? undecayed : undefined)) {
        const scalars: Record<(typeof SGD_SCALARS)[number], number> = {
          gradientScale,
          decay: decays ? weightDecay : 0,
          momentum,
          rate: learningRate,
          ofGradient: 1,
          ofMomentum: momentum,
        };
        const [w, g, m] = (["weights", "gradients", "first"] as const).map((array) => store.address(array) + start) as [
          number,
          number,
          number,
        ];
        store.kernels.sgd(w, g, m, w + length, ...SGD_SCALARS.map((scalar) => scalars[scalar]));
      }
    },
  };
}

// Neighbouring parameters that are treated alike are updated in one call; start and length in bytes.
function runs(store: ParameterStore, count: number, undecayed?: (index: number) => boolean) {
  if (undecayed === undefined) return [{ start: 0, length: 4 * store.length, decays: true }];
  const found: { start: number; length: number; decays: boolean }[] = [];
  for (let index = 0; index < count; index++) {
    const { start, end } = store.range("weights", index);
    const decays = !undecayed(index);
    const last = found.at(-1);
    if (last?.decays === decays) last.length += end - start;
    else found.push({ start, length: end - start, decays });
  }
  return found;
}
