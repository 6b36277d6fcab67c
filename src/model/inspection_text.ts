/** An inspection for people. */
import { formatShape } from "../graph/tensor_type.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { OnnxValue } from "../graph/onnx/model.ts";
import { alignColumns, formatBytes, formatCount, formatFlops } from "../text.ts";
import { estimateText } from "../tensorrt/clock.ts";
import type { ModelInspection } from "./inspect.ts";

/** The inspection as lines of text: the figures, then layers, the target's complaints and what keeps it from training. */
export function inspectionText(inspection: ModelInspection): string {
  const { layers, lint, obstacles, target, fault, estimate } = inspection;
  const blocks = [alignColumns(figures(inspection).map(([name, value]) => [`${name}:`.padEnd(14) + value]))];
  if (fault !== undefined) blocks.push(`No shapes and FLOPs: ${fault}`);
  if (layers !== undefined) {
    const head = ["layer", "op", "output", "parameters", "MFLOP", "KiB"];
    const rows = layers.map((row) => [
      row.name,
      row.type,
      row.outputShape.join("×"),
      formatCount(row.parameters),
      (row.flops / 1e6).toFixed(3),
      (row.bytes / 1024).toFixed(1),
    ]);
    blocks.push(alignColumns([head, ...rows]));
  }
  for (const [title, rows] of [["learned:", inspection.learned], ["fixed:", inspection.fixed]] as const) {
    if (rows === undefined || rows.length === 0) continue;
    const lines = rows.map((row) => [`  ${row.name}`, row.shape.join("×"), "reason" in row ? String(row.reason) : ""]);
    blocks.push(`${title}\n${alignColumns(lines)}`);
  }
  if (target !== undefined) {
    const found = lint.map(({ severity, node, reason, remedy, repairable }) =>
      `  ${severity}${node === undefined ? "" : ` ${node}`}: ${reason}; ${remedy}${
        repairable ? " (seg export does it)" : ""
      }`
    );
    blocks.push(found.length === 0 ? `TensorRT of ${target} runs it` : [`TensorRT of ${target}:`, ...found].join("\n"));
  }
  if (target !== undefined && estimate !== undefined) blocks.push(`On ${target} ${estimateText(estimate)}`);
  blocks.push(
    obstacles.length === 0 ? `It can be trained${withoutText(inspection)}` : [
      "It cannot be trained:",
      ...obstacles.map(({ node, reason }) => `  ${node === undefined ? "" : `${node}: `}${reason}`),
    ]
      .join("\n"),
  );
  return blocks.join("\n\n");
}

function withoutText({ takenOff = [] }: ModelInspection): string {
  return takenOff.length === 0 ? "" : `, without ${takenOff.map(({ op }) => op).join(", ")} at its end`;
}

function figures(inspection: ModelInspection): [string, string][] {
  const { producer, opset, irVersion, inputs, outputs, parameters, nodes, ops, flops, kernels, head, metadata } =
    inspection;
  return [
    ["written by", `${producer || "unknown"}, opset ${opset ?? "none"}, IR ${irVersion}`],
    ["inputs", inputs.map(valueText).join(", ")],
    ["outputs", outputs.map(valueText).join(", ")],
    [
      "parameters",
      `${formatCount(parameters)} (${formatBytes(inspection.weightBytes)} of weights)${
        ofHead(head && formatCount(head.parameters))
      }`,
    ],
    ["nodes", `${nodes} (${Object.entries(ops).map(([op, count]) => `${count} ${op}`).join(", ")})`],
    ...(flops === undefined
      ? []
      : [["work", `${formatFlops(flops)} per run${ofHead(head && formatFlops(head.flops))}`] as [string, string]]),
    ...(kernels === undefined
      ? []
      : [["kernels", `${kernels} of an engine${ofHead(head && String(head.kernels))}`] as [string, string]]),
    ...(inspection.peakActivationBytes === undefined
      ? []
      : [["activations", `${formatBytes(inspection.peakActivationBytes)} at most at a time`] as [string, string]]),
    ...(metadata === undefined ? [] : [
      ["channels", metadata.input.channels.join(", ")],
      ["labels", metadata.labels.map(({ value, name }) => `${value} ${name}`).join(", ")],
      ["slices", `${metadata.plane}, ${metadata.input.size} px, answer ${metadata.output.answer}`],
      ["decision", decision(metadata)],
    ] as [string, string][]),
  ];
}

function ofHead(value: string | undefined): string {
  return value === undefined ? "" : `, of which head ${value}`;
}

/** How probabilities become classes. */
function decision({ labels, output: { activation, threshold, classWeights } }: ModelMetadata): string {
  if (classWeights !== undefined) {
    return `the largest probability × weight wins: background 1, ${
      labels.map(({ name }, k) => `${name} ${classWeights[k]}`).join(", ")
    }`;
  }
  if (activation === "softmax") return "the most probable class wins";
  const overlapping = labels.some(({ values }) => values !== undefined);
  return `threshold ${threshold}${overlapping ? "; of regions that overlap the last one is written" : ""}`;
}

function valueText({ name, elementType, shape }: OnnxValue): string {
  return `${name} ${elementType ?? "?"} ${shape === undefined ? "" : formatShape(shape as readonly number[])}`
    .trimEnd();
}
