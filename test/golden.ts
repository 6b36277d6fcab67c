/** The values that PyTorch computes for a small J-Net, read from the shared folder. */
import { readFileSync } from "node:fs";
import type { Graph } from "../src/graph/graph.ts";
import { replaceConstants, rewrite } from "../src/graph/passes/rewrite.ts";
import { elementCount, floats, type TensorData } from "../src/graph/tensor_type.ts";
import { sharedPath } from "./shared.ts";

/** Golden values by name, and the facts of their index file. */
export interface Golden {
  readonly lossPerStep: readonly number[];
  readonly firstLossPerLevel: readonly number[];
  tensor(name: string): TensorData<"float32">;
  has(name: string): boolean;
}

/** Reads `golden/jnet-n4-16`; `undefined` where the shared folder is absent. */
export function readGolden(): Golden | undefined {
  const folder = sharedPath("golden", "jnet-n4-16");
  if (folder === undefined) return undefined;
  const index = JSON.parse(readFileSync(`${folder}/index.json`, "utf8"));
  const bytes = readFileSync(`${folder}/tensors.bin`);
  const places = new Map<string, { shape: number[]; offset: number }>();
  for (const entry of index.tensors) places.set(entry.name, entry);
  return {
    lossPerStep: index.lossPerStep,
    firstLossPerLevel: index.firstLossPerLevel,
    has: (name) => places.has(name),
    tensor: (name) => {
      const { shape, offset } = places.get(name) as { shape: number[]; offset: number };
      const length = 4 * elementCount(shape);
      const copy = bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + length) as ArrayBuffer;
      return floats(new Float32Array(copy), shape);
    },
  };
}

/** The network with every constant that `values` names replaced. */
export function withConstants(net: Graph, values: (name: string) => TensorData | undefined): Graph {
  return rewrite(net, { source: replaceConstants({ get: values }) }).graph;
}

/** Largest absolute difference of two tensors. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] as number) - (b[i] as number)));
  return largest;
}

/** Norm of the difference over the norm of `expected`. */
export function relativeDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += ((found[i] as number) - (expected[i] as number)) ** 2;
    norm += (expected[i] as number) ** 2;
  }
  return Math.sqrt(difference / norm);
}
