/** Writes the model that goes to a device: inference only, static shapes, an opset that the target reads. */
import { Failure, messageOf } from "../failure.ts";
import type { Graph, Node } from "../graph/graph.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { expandOps } from "../graph/passes/expand_ops.ts";
import { fuseUpsampling } from "../graph/passes/fuse_upsampling.ts";
import { rewrite } from "../graph/passes/rewrite.ts";
import { isImported, opSupport } from "../tensorrt/op_support.ts";
import { type Model, modelOf } from "../model/model.ts";
import { plainForms } from "./device_forms.ts";
import { exportedMetadata, outputMetadata } from "./exported_metadata.ts";
import { importAtBatch } from "../model/import_at_batch.ts";
import { inferenceGraph, type OutputActivation } from "./inference_graph.ts";

/** How to export a model. */
export interface ExportOptions {
  /** Default: 13, the last that TensorRT 8.2 knows. */
  readonly opset?: number;
  /** Images per run (default: 1). */
  readonly batch?: number;
  /** Sizes of the other symbolic dimensions, by name. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /** Outputs to keep (default: the answer that the metadata name, else all). */
  readonly outputs?: readonly string[];
  readonly activation?: OutputActivation;
  /** Default: true. */
  readonly foldNormalization?: boolean;
  /** One ConvTranspose for every chain of upsampling convolutions (default: false). */
  readonly fuseUpsampling?: boolean;
  /** Where given, ops that this TensorRT lacks are written in simpler ones where that is possible. */
  readonly tensorRtVersion?: TensorRtVersion;
  readonly producerVersion?: string;
  /** Name that the exported file will have (default: that of the model). */
  readonly path?: string;
}

/** An exported model. */
export interface ExportedModel {
  /** Under the name that its file will have. */
  readonly model: Model;
  readonly graph: Graph;
  /** What was changed or repaired, a sentence each. */
  readonly notes: readonly string[];
  readonly removed: {
    readonly outputs: readonly string[];
    /** Nodes that are gone, by op. */
    readonly nodes: Readonly<Record<string, number>>;
    readonly bytes: number;
  };
}

/** The opset to export with: 13, the last that TensorRT 8.2 knows, and that every later one reads. */
export function defaultOpset({ maxOpset = 13 }: { readonly maxOpset?: number }): number {
  return Math.min(13, maxOpset);
}

/**
 * Exports a model. Equal input gives equal bytes.
 *
 * @throws {Failure} where an op is not known, a dimension has no size, an output does not exist, or an op is newer than the opset.
 */
export function exportModel(source: Model, options: ExportOptions = {}): ExportedModel {
  try {
    return exported(source, options);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    throw new Failure(`Cannot export ${source.path}: ${messageOf(error)}`, { cause: error });
  }
}

function exported({ path, bytes, onnx }: Model, options: ExportOptions): ExportedModel {
  const { opset = 13, batch = 1, activation = "none", tensorRtVersion } = options;
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  const written = onnx.opsets[""];
  if (written !== undefined && written !== opset) note(`opset ${written} of the file became ${opset}`);
  const source = importAtBatch(onnx, { batch, dimensions: options.dimensions ?? {} }, note);
  const outputs = options.outputs ?? answerOf(onnx.metadata);
  let graph = inferenceGraph(source, {
    ...(outputs === undefined ? {} : { outputs }),
    foldNormalization: options.foldNormalization ?? true,
    activation,
    cutArgMax: tensorRtVersion !== undefined,
    note,
  });
  const expanded = expandOps(graph, {
    opset,
    ...(tensorRtVersion === undefined ? {} : { runs: (node) => runsIn(node, tensorRtVersion) }),
  });
  expanded.notes.forEach(note);
  graph = expanded.graph;
  if (options.fuseUpsampling === true) {
    const fused = fuseUpsampling(graph);
    const saved = Math.round(100 * (1 - fused.flops.after / fused.flops.before));
    note(`${fused.chains} chains of upsampling convolutions became one ConvTranspose each: ${saved} % fewer FLOPs`);
    graph = fused.graph;
  }
  if (tensorRtVersion !== undefined) graph = plainForms(graph, { opset, note });
  graph = plainNames(graph, note);
  const keptNames = new Set(graph.outputs.map(({ name }) => name));
  const encoded = encodeModel(graph, {
    opset,
    graphName: onnx.graphName || "graph",
    ...(options.producerVersion === undefined ? {} : { producerVersion: options.producerVersion }),
    metadata: exportedMetadata(onnx.metadata, graph.outputs.map(({ name }) => name), activation),
  });
  return {
    model: modelOf(options.path ?? path, encoded),
    graph,
    notes,
    removed: {
      outputs: source.outputs.map(({ name }) => name).filter((name) => !keptNames.has(name)),
      nodes: fewer(countOps(source), countOps(graph)),
      bytes: bytes.length - encoded.length,
    },
  };
}

function runsIn({ op, inputs, attributes }: Node, version: TensorRtVersion): boolean {
  return isImported(opSupport(op.domain ?? "", op.type), version) &&
    op.tensorRtLimit(inputs, attributes, version) === undefined;
}

function answerOf(metadata: Readonly<Record<string, string>>): readonly string[] | undefined {
  const answer = outputMetadata(metadata)?.answer;
  return answer === undefined ? undefined : [answer];
}

// trtexec splits `name:path` and lists at these characters (sampleOptions.cpp 8.2).
const UNSAFE = /[:,'"\s]/g;

/** Renames inputs and outputs that trtexec's options cannot name. */
function plainNames(graph: Graph, note: (text: string) => void): Graph {
  const values = [...graph.inputs, ...graph.outputs];
  const unsafe = values.filter(({ name }) => name.search(UNSAFE) >= 0);
  if (unsafe.length === 0) return graph;
  const plain = (name: string) => name.replace(UNSAFE, "_");
  for (const value of unsafe) {
    note(`${value.name} is now called ${plain(value.name)}: trtexec cannot name it otherwise`);
  }
  const renamed = rewrite(graph, {
    source: (value, target) => value.constant === undefined ? target.input(plain(value.name), value.type) : undefined,
  }).graph;
  const outputs = [...renamed.outputs];
  renamed.setOutputs([]);
  for (const output of outputs) renamed.output(output, plain(output.name));
  return renamed;
}

function countOps(graph: Graph): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { op } of graph.nodes) counts.set(op.type, (counts.get(op.type) ?? 0) + 1);
  return counts;
}

function fewer(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(
    [...before].map(([type, count]) => [type, count - (after.get(type) ?? 0)] as const).filter(([, count]) =>
      count > 0
    ),
  );
}
