/** The only importer of onnxruntime-node: sessions over model bytes, and tensors in both directions. */
import { InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
import { ELEMENT_ARRAYS, type ElementType, type TensorData } from "../graph/tensor_type.ts";

/** How a session runs. */
export interface SessionOptions {
  /** Threads inside an op; 0 or absent leaves the choice to ONNX Runtime (all cores). */
  readonly threads?: number | undefined;
  /** Execution provider, e.g. "cpu", "cuda", "webgpu". */
  readonly provider?: string | undefined;
  /** Writes a profile by node to files that start with this path. */
  readonly profilePrefix?: string | undefined;
  readonly optimization?: "disabled" | "basic" | "extended" | "all" | undefined;
  /**
   * Computes quantized convolutions in float32 on rounded numbers, as exactly as an engine's 32-bit sums are: ONNX Runtime's own INT8
   * kernels saturate on processors without VNNI. Default: false, the fastest.
   */
  readonly exactQuantization?: boolean | undefined;
}

/** A model that is ready to run. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the model once. Outputs named in `into` are written into these arrays in place; the others are allocated.
   *
   * @throws {Error} with ONNX Runtime's message where shapes or types do not fit.
   */
  run(
    feeds: Readonly<Record<string, TensorData>>,
    into?: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, TensorData>>;
  /**
   * Prepares runs that always read `feeds` and write `into`, without a copy: the caller changes the arrays between runs.
   */
  bind(feeds: Readonly<Record<string, TensorData>>, into: Readonly<Record<string, TensorData>>): () => Promise<void>;
  /** Frees the memory of the model. */
  release(): Promise<void>;
  /** Ends profiling and writes its file. */
  endProfiling(): void;
}

/** Creates a session over the bytes of an ONNX model. @throws {Error} with ONNX Runtime's message where it refuses the model. */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const session = await InferenceSession.create(model, {
    executionProviders: [options.provider ?? "cpu"],
    graphOptimizationLevel: options.optimization ?? "all",
    // Fatal messages only: errors are thrown, and warnings about constants that the optimizer folds are of no use to anybody.
    logSeverityLevel: 4,
    ...(options.threads ? { intraOpNumThreads: options.threads, interOpNumThreads: 1 } : {}),
    ...(options.exactQuantization === true && { extra: { session: { disable_quant_qdq: "1" } } }),
    ...(options.profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, into) {
      const inputs = mapValues(feeds, toTensor);
      const fetches: Record<string, Tensor | null> = {};
      for (const name of session.outputNames) fetches[name] = null;
      for (const [name, data] of Object.entries(into ?? {})) fetches[name] = toTensor(data);
      const outputs = await session.run(inputs, fetches);
      return mapValues(outputs, fromTensor);
    },
    bind(feeds, into) {
      const inputs = mapValues(feeds, toTensor);
      const outputs = mapValues(into, toTensor);
      return async () => {
        await session.run(inputs, outputs);
      };
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}

/** The execution providers of the installed ONNX Runtime: which are in the package, which need a library beside it. */
export function supportedProviders(): readonly { readonly name: string; readonly bundled: boolean }[] {
  return listSupportedBackends();
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function toTensor({ elementType, values, shape }: TensorData): Tensor {
  if (elementType !== "float16") return new Tensor(elementType, values as Float32Array, shape);
  // Where there is a Float16Array, Tensor views the bits so, and Deno's N-API ends the process over it (Deno 2.9). ONNX Runtime takes
  // the bits as Uint16Array everywhere, and goes by the name of the type.
  return Object.assign(new Tensor("uint16", values as Uint16Array, shape), { type: elementType });
}

function fromTensor(tensor: Tensor): TensorData {
  const elementType = tensor.type as ElementType;
  const { buffer, byteOffset, length } = tensor.data as Float32Array;
  // float16 is a Uint16Array or a Float16Array, by the version of the runtime: its bits are viewed the same way everywhere.
  const values = new ELEMENT_ARRAYS[elementType](buffer as ArrayBuffer, byteOffset, length);
  return { elementType, shape: tensor.dims, values } as TensorData;
}
