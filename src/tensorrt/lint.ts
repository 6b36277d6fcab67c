/** What the TensorRT parser of a version will refuse or misread in an ONNX file, before anybody copies it to a device. */
import type { Graph } from "../graph/graph.ts";
import { noTensorRtLimit, type TensorRtVersion, type Value } from "../graph/op.ts";
import type { OnnxBody, OnnxModel, OnnxNode } from "../graph/onnx/model.ts";
import { dequantizeLinear } from "../graph/ops/quantization.ts";
import { findOp } from "../graph/ops/registry.ts";
import { inspect } from "../graph/passes/inspect.ts";
import type { ElementType } from "../graph/tensor_type.ts";
import { formatBytes } from "../text.ts";
import { type FileFacts, fileFacts } from "./lint_facts.ts";
import { FORM_RULES } from "./lint_forms.ts";
import { isImported, opSupport, supportedOpsets, takesType, UNLISTED } from "./op_support.ts";
import { formatVersion } from "./version.ts";

/** One thing that is wrong, or may be. */
export interface LintFinding {
  /** A stable short name of the rule. */
  readonly code: string;
  /** "error": the engine cannot be built, or would compute something else. */
  readonly severity: "error" | "warning";
  readonly node?: string;
  readonly op?: string;
  readonly reason: string;
  readonly remedy: string;
  /** Whether `seg export` mends it; the lint itself says no, and whoever has exported the model marks what is gone. */
  readonly repairable: boolean;
}

type Finding = Omit<LintFinding, "repairable">;

/** What is to be examined, and for which device. */
export interface LintOptions {
  readonly model: OnnxModel;
  /** The model's graph, where it can be imported: its nodes are then examined with their shapes. */
  readonly graph?: Graph;
  readonly version: TensorRtVersion;
  /** Why there is no graph. */
  readonly fault?: string;
  /** Memory of the device. */
  readonly memoryBytes?: number;
}

/**
 * All findings: the file first, then inputs, outputs and weights, then nodes in their order.
 *
 * What cannot be told from the file is a finding of its own, `not-examined`: an empty list means that all of it was looked at.
 */
export function lint(options: LintOptions): LintFinding[] {
  const { model, graph } = options;
  const findings = [
    ...lintFile(options),
    ...lintNames(model.nodes),
    ...lintInterface(options),
    ...lintWeights(options),
    ...lintNodes(model, fileFacts(model, graph), options),
    ...(graph === undefined ? unexamined(options) : lintGraph(graph, options)),
  ];
  return findings.map((finding) => ({ ...finding, repairable: false }));
}

function lintFile({ model, version }: LintOptions): Finding[] {
  const findings: Finding[] = [];
  const add = (code: string, severity: "error" | "warning", reason: string, remedy: string) =>
    findings.push({ code, severity, reason, remedy });
  const opset = model.opsets[""];
  const { first, last } = supportedOpsets(version);
  const parser = `TensorRT ${formatVersion(version)}`;
  if (opset === undefined) {
    add("opset", "error", "the file declares no ONNX opset", `export with opset ${last}`);
  } else if (opset > last) {
    const reason =
      `the file has opset ${opset}, but ${parser} supports up to ${last} and reads newer ops with their older meaning`;
    add("opset", "warning", reason, `export with opset ${last}`);
  } else if (opset < first) {
    add(
      "opset",
      "warning",
      `the file has opset ${opset}, but ${parser} supports ${first} and newer`,
      `export with opset ${last}`,
    );
  }
  if (/^TensorRT( |$)/.test(model.producer)) {
    add(
      "producer",
      "error",
      "its producer is called TensorRT, which the parser takes for a file of its own",
      "name it otherwise",
    );
  }
  const others = model.domains.filter((domain) => domain !== "" && domain !== "ai.onnx");
  if (model.domains.length > 1 && model.domains.includes("ai.onnx")) {
    const reason = "with several operator sets the parser wants ONNX's own under the empty name, not ai.onnx";
    add("domains", "error", reason, "write it with the empty name");
  }
  for (const domain of others) {
    const used = model.nodes.some((node) => node.domain === domain);
    if (!used) add("domains", "warning", `it declares the operator set ${domain}, which no node uses`, "leave it out");
  }
  return findings;
}

function lintNames(nodes: readonly OnnxNode[]): Finding[] {
  const findings: Finding[] = [];
  const add = (reason: string) =>
    findings.push({
      code: "node-names",
      severity: "warning",
      reason,
      remedy: "give every node its own name",
    });
  const nameless = nodes.filter(({ name }) => name === "").length;
  if (nameless > 0) {
    add(`${nameless} nodes have no name, so that TensorRT's messages and profiles cannot tell them apart`);
  }
  const seen = new Set<string>();
  const double = new Set<string>();
  for (const { name } of nodes) {
    if (name !== "" && seen.has(name)) double.add(name);
    seen.add(name);
  }
  if (double.size > 0) add(`several nodes share a name: ${[...double].slice(0, 3).join(", ")}`);
  return findings;
}

// What the parser takes as inputs and outputs; int64 becomes int32 and float64 becomes float32.
const INTERFACE_TYPES: readonly ElementType[] = ["float32", "float16", "int8", "bool", "int32", "int64", "float64"];

function lintInterface({ model, version }: LintOptions): Finding[] {
  const findings: Finding[] = [];
  for (const [values, place] of [[model.inputs, "input"], [model.outputs, "output"]] as const) {
    for (const { name, elementType, shape } of values) {
      const supported = elementType !== undefined &&
        (INTERFACE_TYPES.includes(elementType) || (elementType === "uint8" && version >= 80500));
      if (!supported) {
        const since = elementType === "uint8" ? " before TensorRT 8.5" : "";
        findings.push({
          code: "interface-type",
          severity: "error",
          reason: `${place} ${name} is of type ${elementType ?? "unknown"}, which is refused${since}`,
          remedy: "use float32",
        });
      } else if (place === "output" && (elementType === "bool" || (elementType === "int64" && version < 100000))) {
        findings.push({
          code: "interface-type",
          severity: "warning",
          reason: `output ${name} is of type ${elementType}, which comes out of the engine as ${
            elementType === "bool" ? "bytes" : "int32"
          }`,
          remedy: elementType === "bool" ? "cast it to float32 or int32" : "read it as int32",
        });
      }
      if (place === "input" && (shape === undefined || shape.some((size) => typeof size === "string"))) {
        findings.push({
          code: "dynamic-shape",
          severity: "warning",
          reason: `input ${name} has open dimensions (${shape?.join(" × ") ?? "no shape"})`,
          remedy: "export with fixed sizes, or give shapes when the engine is built",
        });
      }
    }
  }
  return findings;
}

const WEIGHT_TYPES: readonly ElementType[] = [...INTERFACE_TYPES];

function lintWeights({ model, version }: LintOptions): Finding[] {
  const findings: Finding[] = [];
  const counts = new Map<ElementType, number>();
  let large = 0;
  for (const { elementType, values } of model.initializers.values()) {
    counts.set(elementType, (counts.get(elementType) ?? 0) + 1);
    if (values instanceof BigInt64Array && values.some((value) => BigInt.asIntN(32, value) !== value)) large++;
  }
  const add = (severity: "error" | "warning", reason: string, remedy: string) =>
    findings.push({ code: "weight-type", severity, reason, remedy });
  const halves = counts.get("float16") ?? 0;
  if (halves > 0 && version < 80400) {
    const reason = `${halves} weights are float16, which the parser reads rightly from TensorRT 8.4 on`;
    add("error", reason, "export float32 weights and build with --fp16");
  }
  const doubles = counts.get("float64") ?? 0;
  if (doubles > 0) {
    add("warning", `${doubles} weights are float64, which becomes float32`, "export float32 weights");
  }
  if (large > 0 && version < 100000) {
    const reason = `${large} int64 weights hold numbers that int32 does not, and are cut`;
    add("warning", reason, "make sure that they only mark the end of an axis");
  }
  for (const [elementType, count] of counts) {
    if (WEIGHT_TYPES.includes(elementType) || (elementType === "uint8" && version >= 80500)) continue;
    add(
      "error",
      `${count} weights are ${elementType}, which the parser does not read`,
      "convert them to float32 or int32",
    );
  }
  return findings;
}

/** Nodes in their order, those of graphs inside a node behind it. */
function lintNodes(body: OnnxModel | OnnxBody, facts: FileFacts, options: LintOptions): Finding[] {
  return body.nodes.flatMap((node) => [
    ...lintNode(node, facts, options),
    ...Object.values(node.bodies ?? {}).flatMap((inner) =>
      lintNodes(inner, fileFacts(inner, undefined, facts), options)
    ),
  ]);
}

function lintNode(node: OnnxNode, facts: FileFacts, { version, graph }: LintOptions): Finding[] {
  const { opType: op, domain, inputs } = node;
  const place = { node: node.name || node.outputs[0] || "", op };
  const support = opSupport(domain, op);
  if (!isImported(support, version)) return [withoutImporter(node, place, version)];
  const findings: Finding[] = [];
  for (const { code, severity, op: types, until = Infinity, applies, reason, remedy } of FORM_RULES) {
    if (!types.test(op) || version >= until) continue;
    const found = applies(node, facts);
    if (found === undefined) {
      findings.push(
        notExamined(place, `whether it meets a condition of its importer cannot be told from the file: ${reason}`),
      );
    } else if (found) findings.push({ code, severity, ...place, reason, remedy });
  }
  if (node.otherAttributes.some((name) => BODIES.has(name) && node.bodies?.[name] === undefined)) {
    findings.push(notExamined(place, "a graph inside it cannot be read"));
  }
  // With a graph the types of its nodes count, which are those of the folded model.
  const [x = ""] = inputs;
  const type = facts.elementType(x);
  if (graph === undefined && facts.isData(x) && type !== undefined && !takesType(op, type, version)) {
    findings.push(wrongType(place, type));
  }
  return findings;
}

/** Names of attributes that are graphs. */
const BODIES = new Set(["then_branch", "else_branch", "body"]);

function withoutImporter(
  { opType: op, domain }: OnnxNode,
  place: { readonly node: string; readonly op: string },
  version: TensorRtVersion,
): Finding {
  const { since, remedy } = opSupport(domain, op);
  const name = domain === "" ? op : `${domain}::${op}`;
  if (domain === "" && since === undefined && remedy === undefined && version >= UNLISTED) {
    return notExamined(
      place,
      `${op} is not among the importers of TensorRT up to 10.1, and newer lists are not known here`,
    );
  }
  return {
    code: "op",
    severity: "error",
    ...place,
    reason: `${name} has no importer${since === undefined ? "" : ` before TensorRT ${formatVersion(since)}`}`,
    remedy: remedy ?? "write it in other ops, or leave it out of the exported model",
  };
}

function notExamined(place: { readonly node?: string; readonly op?: string }, reason: string): Finding {
  return { code: "not-examined", severity: "warning", ...place, reason, remedy: "check it yourself" };
}

function wrongType(place: { readonly node: string; readonly op: string }, type: ElementType): Finding {
  return {
    code: "operand-type",
    severity: "error",
    ...place,
    reason: `${place.op} of ${type} has no importer`,
    remedy: "cast to float32 before it",
  };
}

/** Nodes whose limits depend on shapes, where the file cannot be imported. */
function unexamined({ model, version, fault }: LintOptions): Finding[] {
  const limited = model.nodes.filter(({ domain, opType }) => {
    const op = findOp(domain, opType);
    return op !== undefined && op.tensorRtLimit !== noTensorRtLimit && isImported(opSupport(domain, opType), version);
  });
  if (limited.length === 0) return [];
  const names = limited.slice(0, 3).map(({ name, outputs, opType }) => `${name || outputs[0]} (${opType})`).join(", ");
  return [{
    code: "not-examined",
    severity: "warning",
    reason: `the shapes are not known${fault === undefined ? "" : ` (${fault})`}, so that ${limited.length} ` +
      `${limited.length === 1 ? "node was" : "nodes were"} not examined with them: ${names}${
        limited.length > 3 ? ", …" : ""
      }`,
    remedy: "make the file readable for seg, and inspect it again",
  }];
}

function lintGraph(graph: Graph, { model, version, memoryBytes }: LintOptions): Finding[] {
  // Nodes that compute an output of the file have its name in the graph.
  const fileNames = new Map(model.nodes.map((node) => [node.outputs[0], node.name]));
  const findings: Finding[] = [];
  for (const { name, op, inputs, attributes } of graph.nodes) {
    // Ops without an importer are found in the file, whose nodes the graph may have written out.
    if (!isImported(opSupport(op.domain ?? "", op.type), version)) continue;
    const place = { node: fileNames.get(name) || name, op: op.type };
    const limit = op.tensorRtLimit(inputs.map((input) => input && asWeights(graph, input)), attributes, version);
    if (limit !== undefined) {
      const [reason = limit, remedy = ""] = limit.split("; ");
      findings.push({ code: "op-form", severity: "error", ...place, reason, remedy });
      continue;
    }
    const x = inputs[0];
    if (x !== undefined && x.constant === undefined && !takesType(op.type, x.type.elementType, version)) {
      findings.push(wrongType(place, x.type.elementType));
    }
  }
  if (memoryBytes !== undefined) findings.push(...lintMemory(graph, memoryBytes));
  return findings;
}

/** What DequantizeLinear makes of a constant is a weight to the parser (Developer Guide, "Explicit Quantization"). */
function asWeights(graph: Graph, value: Value): Value {
  const node = graph.producer(value);
  const [quantized] = node?.inputs ?? [];
  return node?.op.type === dequantizeLinear.type && quantized?.constant !== undefined ? quantized : value;
}

// System, CUDA context, cuDNN and cuBLAS of a Jetson without a desktop take about so much before the first layer.
const SYSTEM_BYTES = 1.5 * 2 ** 30;

function lintMemory(graph: Graph, memoryBytes: number): Finding[] {
  const { weightBytes, peakActivationBytes } = inspect(graph);
  // The builder holds the weights of the file and those of the engine.
  const needed = 2 * weightBytes + peakActivationBytes;
  const free = memoryBytes - SYSTEM_BYTES;
  if (needed <= free / 2) return [];
  return [{
    code: "memory",
    severity: needed > free ? "error" : "warning",
    reason: `weights and activations take about ${formatBytes(needed)}, the device has about ${
      formatBytes(free)
    } for them`,
    remedy: "use a narrower network, a smaller input or batch size 1",
  }];
}
