/** The loss on slices of the validation cases, by the network as it is used: without augmentation, with running averages. */
import type { Graph } from "../graph/graph.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import type { Value } from "../graph/op.ts";
import { elementCount, floats } from "../graph/tensor_type.ts";
import { Random } from "../random.ts";
import { createSession, type SessionOptions } from "../runtime/session.ts";
import { createAugmentation } from "./augmentations.ts";
import { type BatchShape, fillBatch } from "./batches.ts";
import type { Sample } from "./samples.ts";
import { TRAINING_OPSET } from "./step/training_step.ts";

/** A network with its losses as outputs, and the batches that they are taken of. */
export interface ValidationLoss {
  readonly graph: Graph;
  readonly image: Value;
  readonly target: Value;
  readonly losses: readonly Value[];
  readonly samples: readonly Sample[];
  /** Numbers of samples; every batch is full. */
  readonly batches: readonly (readonly number[])[];
}

/** The mean over all batches of the sum of the levels' losses; `graph` has the weights to use. */
export async function validationLoss(
  { image, target, losses, samples, batches }: ValidationLoss,
  graph: Graph,
  options: BatchShape & SessionOptions,
): Promise<number> {
  const { threads, provider, optimization, ...shape } = options;
  const session = await createSession(encodeModel(graph, { opset: TRAINING_OPSET }), {
    threads,
    provider,
    optimization,
  });
  try {
    const arrays = { image: zeros(image), target: zeros(target) };
    const outputs = Object.fromEntries(losses.map((value) => [value.name, zeros(value)]));
    const run = session.bind({ [image.name]: arrays.image, [target.name]: arrays.target }, outputs);
    const filled = { image: arrays.image.values, target: arrays.target.values };
    const plain = createAugmentation({ name: "none", labels: shape.classes });
    let sum = 0;
    for (const batch of batches) {
      const chosen = batch.map((i) => samples[i] as Sample);
      fillBatch(filled, chosen, { ...shape, augmentation: plain, random: new Random(0) });
      await run();
      sum += Object.values(outputs).reduce((total, { values }) => total + (values[0] as number), 0);
    }
    return sum / batches.length;
  } finally {
    await session.release();
  }
}

function zeros({ type: { shape } }: Value) {
  return floats(new Float32Array(elementCount(shape)), shape);
}
