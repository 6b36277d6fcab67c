/** Reads the file of `--exportLayerInfo`: the layers into which TensorRT has put a network. */
import * as v from "valibot";
import { Failure } from "../failure.ts";
import { parseJson } from "../json.ts";
import { readTextFile } from "./times.ts";

/** An input or output of an engine layer. */
export interface LayerTensor {
  readonly name: string;
  readonly shape?: readonly number[];
  /** Element type and memory layout in words, e.g. `Two wide channel vectorized row major FP16 format`. */
  readonly format?: string;
}

/** A layer of an engine; without `--profilingVerbosity=detailed` only its name is known. */
export interface EngineLayer {
  readonly name: string;
  /** E.g. `CaskConvolution`, `Reformat`, `NoOp`. */
  readonly type?: string;
  readonly tactic?: string;
  readonly inputs: readonly LayerTensor[];
  readonly outputs: readonly LayerTensor[];
}

/** What the engine inspector says. */
export interface LayerInfo {
  readonly layers: readonly EngineLayer[];
  /** Names of the inputs and outputs of the engine. */
  readonly bindings: readonly string[];
}

const SIZE_LIMIT = 2 ** 27;

/** @throws {Failure} where the file is no layer information; its keys differ between versions, and each may be absent. */
export function readLayerInfo(path: string): LayerInfo {
  return parseLayerInfo(readTextFile(path, SIZE_LIMIT), path);
}

/** {@link readLayerInfo} on text; `path` is for messages. */
export function parseLayerInfo(text: string, path: string): LayerInfo {
  const root = parseJson(text, v.unknown(), { from: path, remedy: "run the build again" });
  const layers = field(root, "Layers");
  if (!Array.isArray(layers)) {
    throw new Failure(`Cannot read ${path}: it has no list "Layers"; run the build again with --exportLayerInfo`);
  }
  // TensorRT 11 replaced "Bindings" by "I/O Tensors", a list of objects (its migration guide, IEngineInspector).
  const bindings = field(root, "Bindings") ?? field(root, "I/O Tensors");
  return {
    layers: layers.map(parseLayer),
    bindings: Array.isArray(bindings) ? bindings.map(nameOf) : [],
  };
}

function parseLayer(value: unknown): EngineLayer {
  const type = field(value, "LayerType");
  const tactic = field(value, "TacticName") ?? field(value, "TacticValue");
  return {
    name: nameOf(value),
    ...(typeof type === "string" && { type }),
    ...(typeof tactic === "string" && { tactic }),
    inputs: parseTensors(field(value, "Inputs")),
    outputs: parseTensors(field(value, "Outputs")),
  };
}

function parseTensors(value: unknown): LayerTensor[] {
  if (!Array.isArray(value)) return [];
  return value.map((tensor) => {
    const shape = field(tensor, "Dimensions");
    const format = field(tensor, "Format/Datatype");
    return {
      name: nameOf(tensor),
      ...(Array.isArray(shape) && { shape: shape.map(Number) }),
      ...(typeof format === "string" && { format }),
    };
  });
}

function nameOf(value: unknown): string {
  return typeof value === "string" ? value : String(field(value, "Name") ?? "");
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
