/** Whether ONNX Runtime's optimizer keeps what a model computes: some of its fusions do not. */
import { elementCount, floats, type TensorData } from "../graph/tensor_type.ts";
import { Random } from "../random.ts";
import { createSession, type SessionOptions } from "./session.ts";

/** How far a session changes a model before it runs it. */
export type Optimization = NonNullable<SessionOptions["optimization"]>;

/** From the most to the least. */
const LEVELS: readonly Optimization[] = ["all", "extended", "basic", "disabled"];

// Of the largest value of an output: far above what another order of float32 sums changes, far below what a wrong fusion does.
const TOLERANCE = 1e-2;

/**
 * The highest optimization at which the model at `bytes` computes what it does without any, on `feeds`.
 *
 * ONNX Runtime 1.27 and 1.30 pad with 0 in place of −∞ where a Pad with constant pads stands before a MaxPool, for one.
 *
 * @throws {Error} with ONNX Runtime's message where it refuses the model.
 */
export async function safeOptimization(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, TensorData>>,
): Promise<Optimization> {
  const expected = await outputsAt(bytes, feeds, "disabled");
  for (const level of LEVELS) {
    if (level === "disabled" || sameOutputs(await outputsAt(bytes, feeds, level), expected)) return level;
  }
  return "disabled";
}

/** Normally distributed values of `shape`, the same for the same shape. */
export function fixedNoise(shape: readonly number[]): TensorData<"float32"> {
  const random = new Random(7);
  return floats(Float32Array.from({ length: elementCount(shape) }, () => random.normal()), shape);
}

async function outputsAt(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, TensorData>>,
  optimization: Optimization,
): Promise<Record<string, TensorData>> {
  const session = await createSession(bytes, { threads: 1, optimization });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function sameOutputs(found: Record<string, TensorData>, expected: Record<string, TensorData>): boolean {
  return Object.entries(expected).every(([name, { elementType, values }]) => {
    const others = found[name]?.values;
    if (elementType !== "float32" || others === undefined) return true;
    let [largest, difference] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      const [a, b] = [values[i] as number, others[i] as number];
      // Both may be NaN or the same infinity.
      if (Object.is(a, b)) continue;
      largest = Math.max(largest, Math.abs(a));
      difference = Math.max(difference, Number.isFinite(a - b) ? Math.abs(a - b) : Infinity);
    }
    return difference <= TOLERANCE * largest;
  });
}
