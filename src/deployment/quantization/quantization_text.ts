/** How a model was quantized, for people. */
import type { QuantizationReport } from "./quantize_model.ts";

/** Most lines of single layers. */
const LAYERS = 5;

/** What was quantized and what stays in float, with the layers that cost most. */
export function quantizationLines(report: QuantizationReport): string[] {
  const { calibration, cases, slices, error, diceDrop, layers } = report;
  const float = layers.filter(({ precision }) => precision === "float").map(({ node }) => node);
  const costly = [...layers].sort((a, b) => b.error - a.error).slice(0, LAYERS);
  return [
    `INT8: ${
      layers.length - float.length
    } of ${layers.length} convolutions, by ${calibration} over ${slices} slices of ` +
    `${cases} cases: probabilities change by ${percent(error)} on average, Dice there drops by ${diceDrop.toFixed(4)}`,
    `in float: ${float.length === 0 ? "none" : float.join(", ")}`,
    `what single layers cost: ${costly.map((layer) => `${layer.node} ${percent(layer.error)}`).join(", ")}`,
  ];
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
