/**
 * Graphs of ONNX operators: built, read from files and written to them, differentiated, inspected and rewritten.
 *
 * Shapes are static, and a wrong shape throws a `RangeError` at the line that builds it. Nothing here touches files or runs a
 * graph: the entry `runtime` runs what {@link encodeModel} gives.
 *
 * ```ts
 * import { differentiate, floats, Graph, ops } from "seg/graph";
 *
 * const graph = new Graph();
 * const x = graph.input("x", { elementType: "float32", shape: [4] });
 * const y = graph.apply(ops.mul, [x, x]);
 * const seed = graph.constant(floats([1, 1, 1, 1]));
 * const [gradient] = differentiate(graph, new Map([[y, seed]]), [x]);
 * ```
 *
 * @module
 */
export { Graph, type Node } from "./graph.ts";
export type {
  AttributeInput,
  AttributeKind,
  Attributes,
  AttributeSpec,
  AttributeValue,
  AttributeValueOf,
  ChannelParameter,
  FileContext,
  FinalActivation,
  Formulas,
  GradientRequest,
  GradientRule,
  GradientRules,
  GraphBuilder,
  Inputs,
  OpDefinition,
  Operand,
  Outputs,
  SliceRanges,
  TensorRtVersion,
  Value,
} from "./op.ts";
export {
  type ElementArrays,
  elementCount,
  type ElementType,
  floats,
  integers,
  numbersOf,
  type TensorData,
  tensorOf,
  type TensorType,
} from "./tensor_type.ts";

/** Every op of ONNX that a graph can hold, under its name. */
export * as ops from "./ops/ops.ts";
export { findOp, OPS } from "./ops/registry.ts";

export { buildNet, type Net, type NetOptions } from "./nets/catalog.ts";
export type { BackboneOptions } from "./nets/elu_net.ts";
export { HEAD_NAMES, NET_NAMES } from "./nets/names.ts";

export { decodeModel } from "./onnx/decode.ts";
export { encodeModel, type EncodeOptions } from "./onnx/encode.ts";
export { importGraph, type ImportOptions, unknownNodes } from "./onnx/import.ts";
export {
  decodeMetadata,
  encodeMetadata,
  type InputMetadata,
  type LabelMetadata,
  type ModelMetadata,
  type Normalization,
  type OutputMetadata,
} from "./onnx/metadata.ts";
export type { OnnxBody, OnnxModel, OnnxNode, OnnxValue } from "./onnx/model.ts";

export { averageGraphs } from "./passes/average_graphs.ts";
export { differentiate } from "./passes/differentiate.ts";
export { type Expanded, expandOps, type ExpandOptions } from "./passes/expand_ops.ts";
export { foldBatchNormalization, type FoldedNormalization } from "./passes/fold_batch_normalization.ts";
export { type FusedUpsampling, fuseUpsampling } from "./passes/fuse_upsampling.ts";
export { inspect, type Inspection, type LayerRow } from "./passes/inspect.ts";
export { parameterCount, parameters, runningStatistics } from "./passes/parameters.ts";
export { removeIdentities } from "./passes/remove_identities.ts";
export { type NewHead, type ReplacedHead, replaceHead } from "./passes/replace_head.ts";
export { type NodeRewrite, replaceConstants, rewrite, type RewriteOptions, type Rewritten } from "./passes/rewrite.ts";
export { shareConstants } from "./passes/share_constants.ts";
export { toFloat32 } from "./passes/to_float32.ts";
export { type TrainingObstacle, untrainable } from "./passes/untrainable.ts";
