/** Opens a model in whatever form it is: an ONNX file or a TensorRT engine. */
import { Failure, UsageFailure } from "../failure.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { Reporter } from "../reporter.ts";
import { isEnginePath } from "../tensorrt/engine_path.ts";
import { type OpenedEngine, openEngine } from "../tensorrt/open_engine.ts";
import { engineNetwork } from "./engine_network.ts";
import { readMetadata } from "../model/metadata.ts";
import { type DescribedModel, readDescribedModel } from "../model/model.ts";
import type { NetworkOptions } from "./network.ts";
import { createPredictor, type Predictor, predictorOver } from "./predictor.ts";

/** A model whose metadata can be read before it is started. */
export interface OpenedModel {
  readonly metadata: ModelMetadata;
  /** The ONNX file; absent for an engine. */
  readonly model?: DescribedModel;
  /** Makes it ready to run. @throws {Failure} where it cannot run here, {UsageFailure} where an option does not suit it. */
  readonly start: (options?: NetworkOptions) => Promise<Predictor>;
}

/** How {@link openModel} opens an engine. */
export interface OpenModelOptions {
  /** Path of trtexec; searched where absent. */
  readonly trtexec?: string | undefined;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Opens `path`: a name that ends in .engine is a TensorRT engine, any other an ONNX file.
 *
 * @throws {Failure} where the file cannot be read or used; of an engine also where this machine cannot load it.
 */
export async function openModel(path: string, options: OpenModelOptions): Promise<OpenedModel> {
  if (!isEnginePath(path)) {
    const model = readDescribedModel(path);
    return { metadata: model.metadata, model, start: (network) => createPredictor(model, network) };
  }
  const engine = await openEngine(path, options);
  const metadata = metadataOf(engine);
  return {
    metadata,
    start: (network = {}) => Promise.resolve(predictorOfEngine(engine, { metadata, network, ...options })),
  };
}

function metadataOf({ path, passport }: OpenedEngine): ModelMetadata {
  const { metadata = {}, inputs, outputs, onnx } = passport;
  const read = readMetadata(metadata, { inputs, outputs });
  if ("metadata" in read) return read.metadata;
  throw new Failure(
    `Cannot use ${path}: ${read.metadataFault}; export it again from a ${onnx.file} that seg has trained`,
  );
}

function predictorOfEngine(
  { path, passport, trtexec }: OpenedEngine,
  { metadata, network, reporter, signal }: OpenModelOptions & {
    readonly metadata: ModelMetadata;
    readonly network: NetworkOptions;
  },
): Predictor {
  const [input, second] = passport.inputs;
  if (network.provider !== undefined) {
    throw new UsageFailure(`--provider is for ONNX files, and ${path} is an engine: leave it out`);
  }
  if (input === undefined || second !== undefined) throw new Failure(`Cannot use ${path}: it has not one input`);
  if (input.shape[0] === 1) {
    reporter.note(`${path} takes one image per start of trtexec; an engine of seg export --batch 16 predicts faster`);
  }
  if (trtexec.capabilities.simulated) reporter.warn("trtexec is the simulator: no device computes these masks");
  const runnable = { path, input, outputs: passport.outputs };
  return predictorOver(engineNetwork(trtexec, runnable, { metadata, reporter, signal }), metadata);
}
