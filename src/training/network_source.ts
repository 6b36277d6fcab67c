/** The network that a training starts from: built anew, or read from an ONNX file. */
import picomatch from "picomatch";
import { Failure, messageOf } from "../failure.ts";
import { type Graph, sameNodes } from "../graph/graph.ts";
import { buildNet } from "../graph/nets/catalog.ts";
import type { TakenActivation } from "../graph/passes/final_activation.ts";
import { readModel } from "../model/model.ts";
import { conversionNotes, trainableGraph } from "../model/trainable_graph.ts";
import { replaceHead } from "../graph/passes/replace_head.ts";
import { replaceConstants, rewrite } from "../graph/passes/rewrite.ts";
import { formatShape, type TensorData } from "../graph/tensor_type.ts";

/** A network for any batch size. */
export interface NetworkSource {
  /** The graph for a batch size; its constants have the same names and values whatever the size. */
  readonly graph: (batch: number) => Graph;
  /** Whether the same nodes serve every batch size, so that a file can leave it open. */
  readonly anyBatch: boolean;
  readonly description: Readonly<Record<string, unknown>>;
  readonly inputSize: number;
  readonly outputSize: number;
  /** What was done to a file so that it can be trained, a sentence each. */
  readonly notes?: readonly string[];
  /** Activations that were taken off the end of a file. */
  readonly taken?: readonly TakenActivation[];
  /** Names of the constants of a new head; absent where the network has none. */
  readonly newHead?: readonly string[];
}

/** `source` with other values for some of its constants, by name. */
export function withConstants(source: NetworkSource, values: ReadonlyMap<string, TensorData>): NetworkSource {
  return { ...source, graph: (batch) => rewrite(source.graph(batch), { source: replaceConstants(values) }).graph };
}

/** Settings of the network. */
export interface NetworkSettings {
  readonly net: string;
  readonly head?: string | undefined;
  readonly width: number;
  readonly channels: number;
  /** Channels of the logits. */
  readonly classes: number;
  readonly inputSize: number;
  readonly outputSize: number;
  readonly seed: number;
}

/** A network with fresh weights. @throws {Failure} where the settings do not fit each other. */
export function freshNetwork(settings: NetworkSettings): NetworkSource {
  const build = (batch: number) => buildNet({ ...settings, batch }).graph;
  let outputSize: number;
  try {
    // Without a head it is the input size, whatever the settings say.
    outputSize = build(1).outputs.at(-1)?.type.shape[2] as number;
  } catch (error) {
    throw new Failure(messageOf(error), { cause: error });
  }
  const { net, head, width, inputSize } = settings;
  return {
    graph: build,
    anyBatch: true,
    description: { name: net, ...(head === undefined ? {} : { head }), width, inputSize, outputSize },
    inputSize,
    outputSize,
  };
}

/**
 * The network of an ONNX file, as a start for training; with `newHead` its outputs are made anew for the classes.
 *
 * @throws {Failure} naming the file where it is no ONNX model, has an op that is not known, or its input and outputs do not fit the data.
 */
export function networkFromFile(
  path: string,
  { newHead, train = [], ...settings }: NetworkSettings & {
    readonly newHead: boolean;
    /** Globs on names of constants that are learned although they seem to be no weights. */
    readonly train?: readonly string[] | undefined;
  },
): NetworkSource {
  const fail = (error: unknown) => new Failure(`Cannot train ${path}: ${messageOf(error)}`, { cause: error });
  const { onnx: model } = readModel(path);
  const dimensions = Object.fromEntries(
    model.inputs.flatMap(({ shape }) =>
      (shape ?? []).flatMap((dimension, axis) =>
        typeof dimension === "string" && axis >= 2 ? [[dimension, settings.inputSize]] : []
      )
    ),
  );
  const patterns = train.map((pattern) => picomatch(pattern));
  const learned = (name: string) => patterns.some((matches) => matches(name));
  const read = (batch: number) => {
    try {
      const fixed = model.inputs.map((input) =>
        input.shape === undefined ? input : { ...input, shape: [batch, ...input.shape.slice(1)] }
      );
      return trainableGraph({ ...model, inputs: fixed }, { batch, dimensions, learned });
    } catch (error) {
      throw fail(error);
    }
  };
  const network = (batch: number) => {
    const { graph } = read(batch);
    if (!newHead) return { graph };
    try {
      return replaceHead(graph, { channels: settings.classes, seed: settings.seed });
    } catch (error) {
      throw error instanceof RangeError ? fail(error) : error;
    }
  };
  const first = read(1);
  const { graph, fresh } = { fresh: undefined, ...network(1) };
  const [image] = graph.inputs;
  const outputs = [...graph.outputs].sort((a, b) => (a.type.shape.at(-1) ?? 0) - (b.type.shape.at(-1) ?? 0));
  const shape = image?.type.shape ?? [];
  if (graph.inputs.length !== 1 || shape.length !== 4 || shape[2] !== shape[3]) {
    throw fail(
      `it must have one input [N, channels, S, S]: found ${
        graph.inputs.map(({ type }) => formatShape(type.shape)).join(", ")
      }`,
    );
  }
  if (shape[1] !== settings.channels) {
    throw fail(`it reads ${shape[1]} channels, the data set has ${settings.channels}; choose them with --channels`);
  }
  for (const { name, type } of outputs) {
    if (type.shape.length !== 4 || type.shape[1] !== settings.classes) {
      throw fail(
        `its output ${name} is ${
          formatShape(type.shape)
        }, the labels need [N, ${settings.classes}, S, S]; choose labels with --labels, or make its outputs anew with --new-head`,
      );
    }
  }
  const sized = (batch: number) => {
    const sorted = network(batch).graph;
    const order = outputs.map((output) => graph.outputs.indexOf(output)).map((i) =>
      sorted.outputs[i] as (typeof outputs)[number]
    );
    sorted.setOutputs(order);
    sorted.rename(
      new Map([
        ...sorted.inputs.map((input) => [input, "image"] as const),
        ...order.map((output, level) => [output, `level_${level}`] as const),
      ]),
    );
    return sorted;
  };
  return {
    graph: sized,
    anyBatch: sameNodes(read(2).graph, read(3).graph),
    notes: conversionNotes(path, first),
    taken: first.taken,
    description: { name: "file", file: path.split(/[\\/]/).at(-1), ...(newHead && { newHead }) },
    inputSize: shape[2] as number,
    outputSize: (outputs.at(-1) as (typeof outputs)[number]).type.shape[2] as number,
    ...(fresh && { newHead: fresh }),
  };
}
