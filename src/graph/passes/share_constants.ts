/** Keeps one of all equal constants. */
import type { Graph } from "../graph.ts";
import type { Value } from "../op.ts";
import type { TensorData } from "../tensor_type.ts";
import { rewrite } from "./rewrite.ts";

/** `graph` without constants that equal another in element type, shape and every bit; nodes that no output needs go too. */
export function shareConstants(graph: Graph): Graph {
  const known = new Map<string, { data: TensorData; value: Value }[]>();
  return rewrite(graph, {
    source: (value, target) => {
      if (value.constant === undefined) return undefined;
      const data = value.constant;
      const bytes = bytesOf(data);
      const key = `${data.elementType} ${data.shape.join(",")} ${checksum(bytes)}`;
      const candidates = known.get(key) ?? [];
      const equal = candidates.find((candidate) => sameBytes(bytesOf(candidate.data), bytes));
      if (equal !== undefined) return equal.value;
      const made = target.constant(data, value.name);
      known.set(key, [...candidates, { data, value: made }]);
      return made;
    },
  }).graph;
}

function bytesOf({ values }: TensorData): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

// FNV-1a; equal sums are compared byte by byte.
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
