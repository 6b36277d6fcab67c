/** The network as the prediction path sees it: squares in, logits out, whatever runs it. */
import { Failure, messageOf } from "../failure.ts";
import { NET_NAMES } from "../graph/nets/names.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxNode, OnnxValue } from "../graph/onnx/model.ts";
import { floats, type TensorData } from "../graph/tensor_type.ts";
import type { DescribedModel } from "../model/model.ts";
import { requireProvider } from "../runtime/providers.ts";
import { fixedNoise, type Optimization, safeOptimization } from "../runtime/safe_optimization.ts";
import { createSession } from "../runtime/session.ts";

/** Logits `[count, classes, size, size]`; the array may be overwritten by the next run. */
export interface Logits {
  readonly logits: Float32Array;
  readonly classes: number;
  /** Side of the square in pixels. */
  readonly size: number;
}

/**
 * Runs a network on `count` images `[count, channels, size, size]`.
 *
 * An ONNX session is one; a TensorRT engine or another file format can stand in its place.
 */
export type LogitsRunner = (images: Float32Array, count: number) => Promise<Logits>;

/** A network that is ready to run. */
export interface Network {
  readonly run: LogitsRunner;
  /** Images per run at most. */
  readonly batch: number;
  /** Frees its memory. */
  readonly release: () => Promise<void>;
}

/** How {@link createNetwork} runs a model. */
export interface NetworkOptions {
  /** Threads inside an op; all cores where absent. */
  readonly threads?: number | undefined;
  /** Execution provider; "cpu" where absent. */
  readonly provider?: string | undefined;
  /** Images per run; a model with a fixed batch has its own. */
  readonly batch?: number | undefined;
  /** Computes quantized convolutions as exactly as an engine does; see the option of the same name of a session. */
  readonly exactQuantization?: boolean | undefined;
  /** Position in `metadata.output.levels` of the output to read; the answer where absent. */
  readonly level?: number | undefined;
  /** How far ONNX Runtime optimizes the model; absent: as far as it computes the same, which is tried. */
  readonly optimization?: Optimization | undefined;
}

/**
 * A network over an ONNX model; only the output that is read is fetched.
 *
 * @throws {Failure} where ONNX Runtime refuses the model or the provider, or the model has no such level.
 */
export async function createNetwork(
  { bytes, onnx, metadata }: Omit<DescribedModel, "path">,
  options: NetworkOptions = {},
): Promise<Network> {
  const { inputs, outputs } = onnx;
  const { levels, answer } = metadata.output;
  const outputName = options.level === undefined ? answer : levels[options.level];
  const output = outputs.find(({ name }) => name === outputName);
  const [input] = inputs;
  if (output?.shape === undefined || input?.shape === undefined) {
    throw new Failure(
      `The model has no level ${options.level ?? answer}: its levels are 0 to ${levels.length - 1} (${
        levels.join(", ")
      })`,
    );
  }
  const [batch, ...image] = input.shape;
  const [, classes, size] = output.shape as [unknown, number, number];
  const optimization = options.optimization ??
    (isOwn(metadata) ? undefined : await safeNetworkOptimization(bytes, onnx).catch(() => undefined));
  const session = await startSession(bytes, { ...options, optimization });
  const fixedBatch = typeof batch === "number" ? batch : undefined;
  const largest = fixedBatch ?? options.batch ?? 16;
  const bindings = new Map<number, { source: Float32Array; logits: Float32Array; run: () => Promise<void> }>();
  const bind = (count: number) => {
    const known = bindings.get(count);
    if (known !== undefined) return known;
    const source = emptyTensor([count, ...image as number[]]);
    const logits = emptyTensor([count, classes, size, size]);
    const run = session.bind({ [input.name]: source }, { [output.name]: logits });
    const made = { source: source.values, logits: logits.values, run };
    bindings.set(count, made);
    return made;
  };
  return {
    batch: largest,
    release: () => session.release(),
    async run(images, count) {
      const { source, logits, run } = bind(fixedBatch ?? count);
      source.set(images.length > source.length ? images.subarray(0, source.length) : images);
      await run();
      return { logits, classes, size };
    },
  };
}

function emptyTensor(shape: readonly number[]): TensorData<"float32"> {
  return floats(new Float32Array(shape.reduce((product, length) => product * length, 1)), shape);
}

/** Networks of this program are tested as they are; those of files are checked where they run. */
function isOwn({ net: { name } }: ModelMetadata): boolean {
  return (NET_NAMES as readonly unknown[]).includes(name);
}

/**
 * The highest optimization at which ONNX Runtime computes what the network does without any, on one fixed random image; all of it for
 * quantized networks, whose steps are coarser than what can be told apart.
 *
 * @throws {Error} with ONNX Runtime's message where it refuses the model.
 */
export async function safeNetworkOptimization(
  bytes: Uint8Array,
  { inputs, nodes = [] }: {
    readonly inputs: readonly Pick<OnnxValue, "name" | "shape">[];
    readonly nodes?: readonly Pick<OnnxNode, "opType">[];
  },
): Promise<Optimization> {
  if (nodes.some(({ opType }) => opType === "DequantizeLinear")) return "all";
  const feeds = Object.fromEntries(inputs.map(({ name, shape = [] }) => [
    name,
    fixedNoise(shape.map((size) => (typeof size === "number" ? size : 1))),
  ]));
  return await safeOptimization(bytes, feeds);
}

async function startSession(bytes: Uint8Array, { threads, provider, exactQuantization, optimization }: NetworkOptions) {
  await requireProvider(provider);
  try {
    return await createSession(bytes, {
      ...(threads !== undefined && { threads }),
      ...(provider !== undefined && { provider }),
      exactQuantization,
      optimization,
    });
  } catch (error) {
    throw new Failure(
      provider === undefined || provider === "cpu"
        ? `ONNX Runtime refuses the model: ${messageOf(error)}; seg inspect shows what it holds`
        : `ONNX Runtime cannot run the model with the provider ${provider}: ${messageOf(error)}; ` +
          `seg doctor lists the providers of this machine`,
      { cause: error },
    );
  }
}
