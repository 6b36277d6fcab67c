/** All that can be said of an ONNX file without running it. */
import { messageOf } from "../failure.ts";
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/op.ts";
import { importGraph } from "../graph/onnx/import.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxModel, OnnxValue } from "../graph/onnx/model.ts";
import { NET_NAMES } from "../graph/nets/names.ts";
import { buildNet } from "../graph/nets/catalog.ts";
import { findOp } from "../graph/ops/registry.ts";
import { inspect, type LayerRow } from "../graph/passes/inspect.ts";
import type { TakenActivation } from "../graph/passes/final_activation.ts";
import { fixedConstants, parameters } from "../graph/passes/parameters.ts";
import { type TrainingObstacle, untrainable } from "../graph/passes/untrainable.ts";
import { byteCount, elementCount } from "../graph/tensor_type.ts";
import { headCost, type NetCost, netCost } from "./cost.ts";
import type { Model } from "./model.ts";
import type { TimeEstimate } from "../tensorrt/clock.ts";
import { trainableForm, type TrainableGraph } from "./trainable_graph.ts";
import { lint, type LintFinding } from "../tensorrt/lint.ts";
import type { Target } from "../tensorrt/targets.ts";

/** What {@link inspectModel} is asked. */
export interface InspectOptions {
  /** The device whose parser is asked; none where it is absent or its version is not known. */
  readonly target?: Target | undefined;
  /** Lists every layer. */
  readonly layers?: boolean | undefined;
  /** Sizes of symbolic dimensions by name; the first of an input is 1 where it has none. */
  readonly dimensions?: Readonly<Record<string, number>> | undefined;
}

/** A constant of floating-point numbers with one dimension or more. */
export interface ConstantRow {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What an ONNX file holds. Sizes in bytes; FLOPs of one run, a multiply-add is two. */
export interface ModelInspection {
  readonly producer: string;
  readonly opset: number | undefined;
  readonly irVersion: number;
  readonly fileBytes: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly parameters: number;
  readonly weightBytes: number;
  readonly nodes: number;
  readonly ops: Readonly<Record<string, number>>;
  /** Ops that are not known here: without them the graph has no shapes. */
  readonly unknownOps: readonly string[];
  /** Why the figures of the graph are missing. */
  readonly fault?: string;
  readonly flops?: number;
  /** Kernels that an engine runs: nodes without those that TensorRT joins to others. */
  readonly kernels?: number;
  /** Of that, what the head adds, where the file names a network of this program and is as it builds it. */
  readonly head?: NetCost;
  readonly activationBytes?: number;
  readonly peakActivationBytes?: number;
  readonly layers?: readonly LayerRow[];
  /** With the layers: the constants that training changes, and those that stay, with the reason. */
  readonly learned?: readonly ConstantRow[];
  readonly fixed?: readonly (ConstantRow & { readonly reason: string })[];
  /** Ops at the end that training takes off. */
  readonly takenOff?: readonly TakenActivation[];
  /** What `seg` wrote into the file; else what is missing or wrong about it. */
  readonly metadata?: ModelMetadata;
  readonly metadataFault?: string;
  readonly target?: string;
  readonly lint: readonly LintFinding[];
  /** Of a run of the exported model on the target, as whoever has exported it found out. */
  readonly estimate?: TimeEstimate;
  readonly trainable: boolean;
  /** What keeps it from being trained. */
  readonly obstacles: readonly TrainingObstacle[];
}

/**
 * Inspects a model; ops that are not known, or shapes that do not fit, leave out what depends on them.
 */
export function inspectModel(model: Model, options: InspectOptions = {}): ModelInspection {
  const { target, dimensions = {} } = options;
  const { onnx, metadata, metadataFault } = model;
  const imported = tried(() => importGraph(onnx, { batch: 1, dimensions }));
  const graph = typeof imported === "string" ? undefined : imported;
  const fault = typeof imported === "string" ? imported : undefined;
  const version = target?.tensorRt;
  const trained = typeof imported === "string" ? imported : tried(() => trainableForm(imported));
  const obstacles = typeof trained === "string" ? [{ reason: trained }] : untrainable(trained.graph);
  return {
    producer: onnx.producer,
    opset: onnx.opsets[""],
    irVersion: onnx.irVersion,
    fileBytes: model.bytes.length,
    inputs: onnx.inputs,
    outputs: onnx.outputs,
    ...(graph === undefined ? figuresOfFile(onnx) : figuresOfGraph(graph, options)),
    ...(typeof trained === "string" ? {} : trainingFigures(trained, options)),
    ...(graph !== undefined && metadata !== undefined && headOf(graph, metadata)),
    unknownOps: unknownOps(onnx),
    ...(fault === undefined ? {} : { fault }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(metadataFault === undefined ? {} : { metadataFault }),
    ...(target === undefined ? {} : { target: target.name }),
    lint: version === undefined ? unexamined(target) : lint({
      model: onnx,
      version,
      ...(graph === undefined ? { fault: fault as string } : { graph }),
      ...(target?.memoryBytes === undefined ? {} : { memoryBytes: target.memoryBytes }),
    }),
    trainable: obstacles.length === 0,
    obstacles,
  };
}

/** No version, no parser to ask: that is not the same as a file without faults. */
function unexamined(target: Target | undefined): LintFinding[] {
  if (target === undefined) return [];
  return [{
    code: "not-examined",
    severity: "warning",
    reason: `the TensorRT of ${target.name} is not known here, so that nothing was examined`,
    remedy: "name a device by --target, e.g. nano or orin-nano@8.6",
    repairable: false,
  }];
}

function figuresOfGraph(graph: Graph, options: InspectOptions) {
  const { layers, ...sums } = inspect(graph);
  const { kernels } = netCost(graph);
  return { ...sums, kernels, ...(options.layers === true && { layers }) };
}

function trainingFigures({ graph, taken }: TrainableGraph, { layers }: InspectOptions) {
  const row = ({ name, type }: Value) => ({ name, shape: type.shape });
  return {
    ...(taken.length > 0 && { takenOff: taken }),
    ...(layers === true && {
      learned: parameters(graph).map(row),
      fixed: fixedConstants(graph).map(({ value, reason }) => ({ ...row(value), reason })),
    }),
  };
}

/** The cost of the head, by building the network that the metadata name; nothing where that has other weights than the graph. */
function headOf(graph: Graph, { net, input }: ModelMetadata): { readonly head?: NetCost } {
  const { name, head, width, outputSize } = net;
  const classes = graph.outputs.at(-1)?.type.shape[1];
  if (typeof name !== "string" || typeof width !== "number" || typeof outputSize !== "number") return {};
  if (!(NET_NAMES as readonly string[]).includes(name) || classes === undefined) return {};
  const options = {
    ...{ net: name, width, classes, outputSize, channels: input.channels.length, inputSize: input.size },
    ...(typeof head === "string" && { head }),
  };
  const built = tried(() => {
    return kernelElements(buildNet(options).graph) === kernelElements(graph) ? { head: headCost(options) } : {};
  });
  return typeof built === "string" ? {} : built;
}

/** Learned values without biases and normalization, which an export folds into each other. */
function kernelElements(graph: Graph): number {
  return parameters(graph).filter(({ type }) => type.shape.length > 1)
    .reduce((sum, { type }) => sum + elementCount(type.shape), 0);
}

// Parameters as in a graph: float initializers, but not those that an op only averages.
function figuresOfFile({ nodes, initializers }: OnnxModel) {
  const averaged = new Set(
    nodes.flatMap(({ domain, opType, inputs }) =>
      (findOp(domain, opType)?.runningStatistics ?? []).map((position) => inputs[position])
    ),
  );
  let [parameters, weightBytes] = [0, 0];
  for (const [name, data] of initializers) {
    weightBytes += byteCount(data);
    if (data.elementType === "float32" && data.shape.length > 0 && !averaged.has(name)) {
      parameters += elementCount(data.shape);
    }
  }
  const counts = new Map<string, number>();
  for (const node of nodes) counts.set(opName(node), (counts.get(opName(node)) ?? 0) + 1);
  const ops = Object.fromEntries([...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b)));
  return { parameters, weightBytes, nodes: nodes.length, ops };
}

// Constant nodes are read as constants, without an op of their own.
function unknownOps({ nodes }: OnnxModel): string[] {
  const unknown = nodes.filter(({ domain, opType }) => opType !== "Constant" && findOp(domain, opType) === undefined);
  return [...new Set(unknown.map(opName))].sort();
}

function opName({ domain, opType }: { readonly domain: string; readonly opType: string }): string {
  return domain === "" ? opType : `${domain}::${opType}`;
}

function tried<T extends object>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return messageOf(error);
  }
}
