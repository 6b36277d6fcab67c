/** Really runs the model, by ONNX Runtime on the CPU, and takes the times that trtexec takes. */
import { readFileSync } from "node:fs";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import type { OnnxValue } from "../../src/graph/onnx/model.ts";
import { ELEMENT_ARRAYS, elementCount, type ElementType, type TensorData } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { createSession } from "../../src/runtime/session.ts";
import { throwException } from "./failure_replay.ts";
import type { Generation } from "./generation.ts";
import { roundAllToHalf } from "./half.ts";
import { roundModelToHalf } from "./half_model.ts";
import { info } from "./printing.ts";

/** Times of one query in ms since the start of the run. */
export interface Query {
  readonly startEnqueue: number;
  readonly endEnqueue: number;
  readonly startCopyIn: number;
  readonly startCompute: number;
  readonly endCompute: number;
  readonly endCopyOut: number;
}

/** How long and on what to run. */
export interface InferenceOptions {
  readonly fp16: boolean;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Path by input name. */
  readonly files: ReadonlyMap<string, string>;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly iterations: number;
}

/** Every query, the warm-up ones first, and the outputs of the last. */
export interface InferenceResult {
  readonly queries: readonly Query[];
  readonly warmUpQueries: number;
  readonly outputs: Readonly<Record<string, TensorData>>;
}

/** Runs warm-up and timed queries as trtexec counts them: at least `iterations`, at least `durationMs`. */
export async function runInference(
  generation: Generation,
  onnx: Uint8Array,
  options: InferenceOptions,
): Promise<InferenceResult> {
  const model = decodeModel(onnx);
  const session = await createSession(options.fp16 ? roundModelToHalf(onnx) : onnx, { threads: 1 });
  try {
    const feeds: Record<string, TensorData> = {};
    for (const input of model.inputs) {
      feeds[input.name] = await readInput(generation, input, options);
      info(`Created input binding for ${input.name} with dimensions ${feeds[input.name]?.shape.join("x")}`);
    }
    const started = performance.now();
    const now = () => performance.now() - started;
    const query = async (): Promise<[Query, Record<string, TensorData>]> => {
      const startCopyIn = now();
      const copies = Object.fromEntries(
        Object.entries(feeds).map(([name, data]) => [name, { ...data, values: data.values.slice() } as TensorData]),
      );
      const startCompute = now();
      const running = session.run(copies);
      const endEnqueue = now();
      const outputs = await running;
      const endCompute = now();
      return [
        { startEnqueue: startCompute, endEnqueue, startCopyIn, startCompute, endCompute, endCopyOut: now() },
        outputs,
      ];
    };
    const queries: Query[] = [];
    let last = await query();
    queries.push(last[0]);
    while (now() < options.warmUpMs) queries.push((last = await query())[0]);
    const warmUpQueries = options.warmUpMs > 0 ? queries.length : 0;
    const begin = now();
    while (queries.length - warmUpQueries < options.iterations || now() - begin < options.durationMs) {
      queries.push((last = await query())[0]);
    }
    for (const [name, data] of Object.entries(last[1])) {
      info(`Created output binding for ${name} with dimensions ${data.shape.join("x")}`);
    }
    return { queries, warmUpQueries, outputs: last[1] };
  } finally {
    await session.release();
  }
}

async function readInput(generation: Generation, input: OnnxValue, options: InferenceOptions): Promise<TensorData> {
  const elementType: ElementType = input.elementType ?? "float32";
  const shape = options.shapes.get(input.name) ??
    (input.shape ?? []).map((size) => typeof size === "number" ? size : 1);
  const values = new ELEMENT_ARRAYS[elementType](elementCount(shape));
  const bytes = new Uint8Array(values.buffer);
  const path = options.files.get(input.name);
  if (path === undefined) {
    const random = new Random(1);
    if (values instanceof Float32Array) values.forEach((_, i) => values[i] = random.uniform(-1, 1));
    info(`Using random values for input ${input.name}`);
  } else {
    const content = await readRaw(generation, path);
    if (generation.checksInputSize && content.length !== bytes.length) {
      await throwException(
        generation,
        `Unexpected file size for input file: ${path}. Note: Input binding size is: ${bytes.length} bytes but the file size is ${content.length} bytes. Double check the size and datatype of the provided data.`,
      );
    }
    bytes.set(content.subarray(0, bytes.length));
    info(`Using values loaded from ${path} for input ${input.name}`);
  }
  if (options.fp16 && values instanceof Float32Array) roundAllToHalf(values);
  return { elementType, shape, values } as TensorData;
}

async function readRaw(generation: Generation, path: string): Promise<Uint8Array> {
  try {
    return readFileSync(path);
  } catch {
    return await throwException(generation, `Cannot open file ${path}!`);
  }
}
