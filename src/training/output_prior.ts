/** Starts the outputs of a fresh network at the frequency of the classes, so that training need not spend its first epochs on learning it. */
import type { Graph } from "../graph/graph.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import type { Value } from "../graph/op.ts";
import { replaceConstants, rewrite } from "../graph/passes/rewrite.ts";
import { elementCount, floats, type TensorData } from "../graph/tensor_type.ts";
import { createSession } from "../runtime/session.ts";
import type { Sample } from "./samples.ts";
import { TRAINING_OPSET } from "./step/training_step.ts";

/** The mean share of each foreground class in the targets of `samples`, whose squares have `size` × `size` pixels; what is ignored does not count. */
export function classFrequencies(
  samples: readonly Sample[],
  { classes, size }: { classes: number; size: number },
): number[] {
  const sums = new Array<number>(classes).fill(0);
  let known = samples.length * size * size;
  for (const { target: { height, width, shares, ignored } } of samples) {
    const pixels = height * width;
    const plane = (k: number) =>
      shares.subarray(k * pixels, (k + 1) * pixels).reduce((sum, share) => sum + share, 0) / 255;
    for (let k = 0; k < classes; k++) sums[k] = (sums[k] as number) + plane(k);
    if (ignored === true) known -= plane(classes);
  }
  return sums.map((sum) => known > 0 ? sum / known : 0);
}

/** The logits that give these frequencies of classes: ln(p / (1 − p)) for one channel, ln p of background and classes for several. */
export function priorLogits(frequencies: readonly number[], { several }: { several: boolean }): number[] {
  // A class that is nowhere starts as if it were one pixel in a million.
  const bounded = frequencies.map((p) => Math.min(Math.max(p, 1e-6), 1 - 1e-6));
  if (!several) return bounded.map((p) => Math.log(p / (1 - p)));
  const background = Math.max(1e-6, 1 - bounded.reduce((sum, p) => sum + p, 0));
  return [background, ...bounded].map(Math.log);
}

/**
 * Changes the bias of each output's last convolution so that the mean logits over a blank image are `logits`; a bias that several
 * outputs share is set for the first of them (Lin et al. 2017, section 4.1, "focal loss", for one output).
 *
 * @returns the new values by the name of the bias.
 */
export async function outputPrior(net: Graph, logits: readonly number[]): Promise<Map<string, TensorData<"float32">>> {
  const biases = new Map<string, TensorData<"float32">>();
  const image = net.inputs[0] as Value;
  for (const output of net.outputs) {
    const bias = lastBias(net, output);
    if (bias === undefined || biases.has(bias.name)) continue;
    const current = (bias.constant as TensorData<"float32">).values;
    const means = await channelMeans(net, { output, image, biases });
    biases.set(bias.name, floats(current.map((value, k) => value + (logits[k] as number) - (means[k] as number))));
  }
  return biases;
}

/** The bias of the convolution that `output` comes from, straight or through upsampling and corrections that start at zero. */
function lastBias(net: Graph, output: Value): Value | undefined {
  const channels = output.type.shape[1];
  let value = output;
  for (;;) {
    const node = net.producer(value);
    const bias = node?.op.channelShift === undefined ? undefined : node.inputs[node.op.channelShift];
    if (bias?.constant !== undefined) return bias.type.shape[0] === channels ? bias : undefined;
    const source = node?.inputs[0];
    if (source === undefined || source.type.shape[1] !== channels) return undefined;
    value = source;
  }
}

async function channelMeans(
  net: Graph,
  { output, image, biases }: { output: Value; image: Value; biases: ReadonlyMap<string, TensorData> },
): Promise<number[]> {
  const { graph } = rewrite(net, { source: replaceConstants(biases), outputs: [output] });
  const session = await createSession(encodeModel(graph, { opset: TRAINING_OPSET }));
  const blank = floats(new Float32Array(elementCount(image.type.shape)), image.type.shape);
  const answer = await session.run({ [(graph.inputs[0] as Value).name]: blank });
  await session.release();
  const { values, shape } = answer[(graph.outputs[0] as Value).name] as TensorData<"float32">;
  const channels = shape[1] as number;
  const pixels = values.length / channels;
  return Array.from({ length: channels }, (_, k) => {
    let sum = 0;
    for (let i = k * pixels; i < (k + 1) * pixels; i++) sum += values[i] as number;
    return sum / pixels;
  });
}
