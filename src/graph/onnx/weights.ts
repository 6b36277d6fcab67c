/**
 * Which tensors of a file are weights. A file does not say it: it has what its origin learned, what its origin kept (statistics, grids,
 * masks, the normalization of images) and what its exporter computed side by side.
 *
 * A tensor is a weight where it is an initializer of floating-point numbers and either stands where an op has its weights, unless its
 * name says that it is something else, or has the name of a parameter. Running averages are the business of the op that keeps them.
 */
import { findOp } from "../ops/registry.ts";
import type { OnnxModel, OnnxNode } from "./model.ts";

/** What is no weight although it stands in the place of one: filters, grids, windows, statistics. */
const NAMES_OF_OTHERS =
  /(^|[._/])(filters?|blur|sobel|gauss\w*|laplac\w*|window|basis|grid|coords?|mean|std|var|variance|mask|anchors?|freqs?)$/i;

/** PyTorch calls the weights of its layers otherwise. */
const NAMES_OF_PYTORCH_BUFFERS = /(^|[._/])kernel$/i;

/** Names that modules give to what they learn, wherever it is used. */
const NAMES_OF_PARAMETERS =
  /(^|[._/])(\w*weight|\w*bias|gamma|beta|slope|\w*embed(ding)?s?|\w*tokens?|\w*table|layer_?scale\w*)(_?\d+)?$/i;

/** Why initializers of `model` with floating-point numbers are no weights, by name; the others are learned. */
export function fixedInitializers(model: OnnxModel): Map<string, string> {
  const fixed = new Map<string, string>();
  const readers = readersOf(model.nodes);
  const fromPyTorch = /^pytorch/i.test(model.producer);
  for (const [name, { elementType }] of model.initializers) {
    if (!elementType.startsWith("float")) continue;
    if (model.fixed.has(name)) fixed.set(name, "it was fixed where the file was made");
    if (fixed.has(name) || model.producer.startsWith("seg")) continue;
    const places = placesOf(name, readers);
    if (places.some(({ kept }) => kept)) continue;
    const [first] = places;
    if (places.some(({ weight }) => weight)) {
      if (NAMES_OF_OTHERS.test(name) || (fromPyTorch && NAMES_OF_PYTORCH_BUFFERS.test(name))) {
        fixed.set(name, "its name is not that of a parameter");
      }
    } else if (!NAMES_OF_PARAMETERS.test(name)) {
      fixed.set(name, first === undefined ? "no node reads it" : `${first.op} does not learn what it reads there`);
    }
  }
  return fixed;
}

interface Place {
  readonly op: string;
  /** It is a weight of the op. */
  readonly weight: boolean;
  /** It is a running average of the op. */
  readonly kept: boolean;
}

interface Reader {
  readonly node: OnnxNode;
  readonly position: number;
}

function readersOf(nodes: readonly OnnxNode[]): Map<string, Reader[]> {
  const readers = new Map<string, Reader[]>();
  for (const node of nodes) {
    node.inputs.forEach((name, position) => {
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [{ node, position }]);
      else known.push({ node, position });
    });
  }
  return readers;
}

function placesOf(name: string, readers: ReadonlyMap<string, readonly Reader[]>): Place[] {
  const places: Place[] = [];
  const seen = new Set<string>();
  const pending = [name];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    for (const { node, position } of readers.get(value) ?? []) {
      const op = findOp(node.domain, node.opType);
      if (op?.handsOn === true) {
        pending.push(...node.outputs);
        continue;
      }
      places.push({
        op: node.opType,
        weight: op?.weights?.includes(position) ?? false,
        kept: op?.runningStatistics?.includes(position) ?? false,
      });
    }
  }
  return places;
}
