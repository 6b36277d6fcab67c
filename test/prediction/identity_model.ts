/** Models whose answer is known: each output channel is an input channel, so that masks show what happened to the geometry. */
import { Graph } from "../../src/graph/graph.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { encodeMetadata, type ModelMetadata } from "../../src/graph/onnx/metadata.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import type { Affine, Volume } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";

export interface IdentityOptions {
  readonly size?: number;
  readonly channels?: number;
  readonly plane?: ModelMetadata["plane"];
  readonly activation?: ModelMetadata["output"]["activation"];
  readonly labels?: ModelMetadata["labels"];
  readonly spacing?: readonly number[];
  readonly training?: ModelMetadata["training"];
  /** Fixes the batch size; otherwise it is open. */
  readonly batch?: number;
}

/**
 * A network with logits 20 · x − 10: sigmoid of them is above a half where the image is.
 *
 * With softmax the background's logit is 0.
 */
export function identityModel(options: IdentityOptions = {}): { bytes: Uint8Array; metadata: ModelMetadata } {
  const { size = 16, channels = 1, activation = "sigmoid", plane = "axial", batch } = options;
  const background = activation === "softmax" ? 1 : 0;
  const classes = channels + background;
  const graph = new Graph();
  const image = graph.input("image", { elementType: "float32", shape: [batch ?? 1, channels, size, size] });
  const weights = new Float32Array(classes * channels);
  const biases = new Float32Array(classes).fill(-10);
  if (background) biases[0] = 0;
  for (let k = 0; k < channels; k++) weights[(k + background) * channels + k] = 20;
  const w = graph.constant(floats(weights, [classes, channels, 1, 1]), "w");
  const logits = graph.apply(conv, [image, w, graph.constant(floats(biases), "b")], { kernel_shape: [1, 1] });
  graph.output(logits, "level_0");
  const metadata: ModelMetadata = {
    version: "0.0.0",
    net: { name: "identity" },
    input: {
      channels: Array.from({ length: channels }, (_, channel) => `channel ${channel}`),
      size,
      normalization: { mode: "none" },
    },
    output: { levels: ["level_0"], answer: "level_0", activation, threshold: 0.5 },
    labels: options.labels ?? Array.from({ length: channels }, (_, k) => ({ value: k + 1, name: `label ${k + 1}` })),
    plane,
    ...(options.spacing && { spacing: options.spacing }),
    training: options.training ?? {},
  };
  const bytes = encodeModel(graph, {
    opset: 13,
    metadata: encodeMetadata(metadata),
    ...(batch === undefined && { batchName: "N" }),
  });
  return { bytes, metadata };
}

/** An image of 0 and 1 without any symmetry: a box in one corner, and single voxels. */
export function markedVolume(
  shape: readonly [number, number, number],
  { affine, channels = 1, seed = 1 }: { affine: Affine; channels?: number; seed?: number },
): Volume<Float32Array> {
  const [nx, ny, nz] = shape;
  const random = new Random(seed);
  const data = new Float32Array(nx * ny * nz * channels);
  for (let i = 0; i < data.length; i++) {
    const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny)) % nz];
    data[i] = x < nx / 3 && y < ny / 2 && z < nz / 2 || random.uniform() < 0.1 ? 1 : 0;
  }
  return { data, shape, channels, affine, spacingKnown: true };
}
