/** An exported model in INT8: how activations are cut, which layers stay in float, and what it costs, all by measurement. */
import type { Graph, Node } from "../../graph/graph.ts";
import { encodeModel } from "../../graph/onnx/encode.ts";
import type { Value } from "../../graph/op.ts";
import { quantizableConvolutions, quantizeConvolutions } from "../../graph/passes/quantize.ts";
import { Failure } from "../../failure.ts";
import { described, type DescribedModel, modelOf } from "../../model/model.ts";
import { createPredictor } from "../../prediction/predictor.ts";
import { silentReporter, type WorkContext } from "../../reporter.ts";
import { measureParity } from "../parity.ts";
import type { CalibrationData } from "./calibration_data.ts";
import { observeActivations } from "./observe_activations.ts";
import { ProbabilityError } from "./probability_error.ts";

/** How activations above the range of INT8 are chosen. */
export type Calibration = "percentile" | "entropy";

/** One convolution. */
export interface QuantizedLayer {
  readonly node: string;
  /** Mean change of a probability where this layer alone is quantized. */
  readonly error: number;
  readonly precision: "int8" | "float";
}

/** How a model was quantized. */
export interface QuantizationReport {
  readonly calibration: Calibration;
  readonly cases: number;
  readonly slices: number;
  /** Mean change of a probability by all of it, on slices of the calibration. */
  readonly error: number;
  /** Mean Dice that is lost on the cases of the calibration. */
  readonly diceDrop: number;
  /** In the order in which they run. */
  readonly layers: readonly QuantizedLayer[];
}

/** A quantized model. */
export interface QuantizedModel {
  readonly model: DescribedModel;
  readonly report: QuantizationReport;
}

/** Share of the numbers of an activation that keep their size with `percentile`. */
const KEPT_SHARE = 0.9999;

/** The first or last layer stays in float where that takes away so much of the error. */
const WORTHWHILE_SHARE = 0.1;

/** Cases on which Dice is measured while layers are chosen. */
const DICE_CASES = 8;

/** What {@link quantizeModel} is given besides the calibration. */
export interface QuantizeOptions extends WorkContext {
  readonly opset: number;
  readonly version: string;
  /** Largest drop of the mean Dice on the cases of the calibration. */
  readonly maximumDiceDrop: number;
}

/**
 * Quantizes the convolutions of an exported model; the layers that cost most stay in float until Dice drops by no more than allowed.
 *
 * @param exported a model and its graph.
 * @throws {Failure} where it has no convolution that can be quantized at this price, or the cases of the calibration have nothing to find.
 */
export async function quantizeModel(
  { model, graph }: { readonly model: DescribedModel; readonly graph: Graph },
  data: CalibrationData,
  options: QuantizeOptions,
): Promise<QuantizedModel> {
  const { reporter, signal } = options;
  // That a model is bad at its own training cases is said by the comparison on other data.
  const quiet = {
    progress: (text: string) => reporter.progress(text),
    note: silentReporter.note,
    warn: silentReporter.warn,
  };
  const nodes = quantizableConvolutions(graph);
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first === undefined || last === undefined || graph.inputs.length !== 1) {
    throw new Failure(`Cannot quantize ${model.path}: it has no convolution with constant weights; leave --int8 out`);
  }
  const opset = Math.max(13, options.opset);
  const histograms = await observeActivations(graph, nodes, { ...data, opset, reporter, signal });
  const limits: Record<Calibration, ReadonlyMap<Value, number>> = {
    percentile: new Map([...histograms].map(([value, histogram]) => [value, histogram.percentileLimit(KEPT_SHARE)])),
    entropy: new Map([...histograms].map(([value, histogram]) => [value, histogram.entropyLimit()])),
  };
  const quantized = (chosen: Iterable<Node>, calibration: Calibration, report?: Omit<QuantizationReport, "layers">) =>
    withGraph(model, quantizeConvolutions(graph, { nodes: new Set(chosen), largest: limits[calibration] }), {
      opset,
      version: options.version,
      note: report,
    });
  const errorOf = await ProbabilityError.of(model, data.slices);
  const measure = async (chosen: readonly Node[], calibration: Calibration) => {
    signal.throwIfAborted();
    return await errorOf.measure(quantized(chosen, calibration));
  };
  reporter.progress("Comparing percentile and entropy calibration");
  const errors = { percentile: await measure(nodes, "percentile"), entropy: await measure(nodes, "entropy") };
  const calibration = errors.percentile <= errors.entropy ? "percentile" : "entropy";
  const alone = new Map<Node, number>();
  for (const [done, node] of nodes.entries()) {
    reporter.progress(`Measuring layer ${done + 1} of ${nodes.length}: ${node.name}`);
    alone.set(node, await measure([node], calibration));
  }
  const kept = new Set<Node>();
  // A network of two layers has nothing between its first and its last.
  for (const edge of nodes.length > 2 ? [first, last] : []) {
    const rest = nodes.filter((node) => node !== edge);
    if (await measure(rest, calibration) < (1 - WORTHWHILE_SHARE) * errors[calibration]) kept.add(edge);
  }
  const order = nodes.filter((node) => !kept.has(node)).sort((a, b) =>
    (alone.get(b) as number) - (alone.get(a) as number)
  );
  const cases = data.cases.slice(0, DICE_CASES);
  const reference = await createPredictor(model);
  try {
    const dropWith = async (count: number) => {
      const candidate = await createPredictor(quantized(order.slice(count), calibration), { exactQuantization: true });
      try {
        const { maximumDiceDrop } = options;
        return (await measureParity({
          index: data.index,
          cases,
          reference,
          candidate,
          maximumDiceDrop,
          reporter: quiet,
          signal,
        }))
          .diceDrop;
      } finally {
        await candidate.release();
      }
    };
    const { count, diceDrop } = await fewestInFloat(order.length, dropWith, options.maximumDiceDrop);
    const chosen = order.slice(count);
    if (chosen.length === 0) {
      throw new Failure(
        `Cannot quantize ${model.path}: each of its layers costs more than ${options.maximumDiceDrop} of the mean Dice; ` +
          `allow more by --max-dice-drop, or build with --fp16`,
      );
    }
    const inInt8 = new Set(chosen);
    const summary = {
      calibration,
      cases: data.cases.length,
      slices: data.slices.length,
      error: await measure(chosen, calibration),
      diceDrop,
    } as const;
    return {
      model: quantized(chosen, calibration, summary),
      report: {
        ...summary,
        layers: nodes.map((node) => ({
          node: node.name,
          error: alone.get(node) as number,
          precision: inInt8.has(node) ? "int8" : "float",
        })),
      },
    };
  } finally {
    await reference.release();
  }
}

/** The smallest of 0, 1, 2, 4 … layers in float with which Dice drops by no more than allowed, and half of the way back where that passes. */
async function fewestInFloat(
  layers: number,
  dropWith: (count: number) => Promise<number>,
  maximumDiceDrop: number,
): Promise<{ readonly count: number; readonly diceDrop: number }> {
  let [failing, count] = [-1, 0];
  let diceDrop = await dropWith(0);
  while (diceDrop > maximumDiceDrop && count < layers) {
    failing = count;
    count = Math.min(layers, Math.max(1, 2 * count));
    diceDrop = await dropWith(count);
  }
  while (count - failing > 1 && count > 0) {
    const middle = Math.floor((failing + count) / 2);
    const drop = await dropWith(middle);
    if (drop > maximumDiceDrop) failing = middle;
    else [count, diceDrop] = [middle, drop];
  }
  return { count, diceDrop };
}

function withGraph(
  { path, onnx, metadata }: DescribedModel,
  graph: Graph,
  { opset, version, note }: { opset: number; version: string; note: unknown },
): DescribedModel {
  const bytes = encodeModel(graph, {
    opset,
    graphName: onnx.graphName,
    producerVersion: version,
    metadata: {
      ...onnx.metadata,
      "seg.export": JSON.stringify({ ...metadata.export, ...(note ? { int8: note } : {}) }),
    },
  });
  return { ...described(modelOf(path, bytes)), ...(note ? {} : { metadata }) };
}
