/** Reads the file of `--exportProfile`: the time of each layer. */
import { Failure } from "../failure.ts";
import { parseNumber, readTextFile } from "./times.ts";

/** Time of one layer of the engine; its name joins the names of the ONNX nodes that were fused into it. */
export interface LayerTime {
  readonly name: string;
  readonly averageMs: number;
  /** From 8.4 on. */
  readonly medianMs?: number;
  /** Share of the whole, 0 to 100. */
  readonly percentage: number;
}

/** The layers of an engine in the order in which they run. */
export interface Profile {
  /** Number of runs; up to 8.4 the warm-up is among them. */
  readonly runs: number;
  readonly layers: readonly LayerTime[];
}

const SIZE_LIMIT = 2 ** 26;

/** One layer per line; the name is taken up to the last `", "timeMs"`, since trtexec does not escape quotes in it. */
const LAYER =
  /"name"\s*:\s*"(.*)"\s*,\s*"timeMs"\s*:\s*(\S+?)\s*,\s*"averageMs"\s*:\s*(\S+?)\s*,(?:\s*"medianMs"\s*:\s*(\S+?)\s*,)?\s*"percentage"\s*:\s*(\S+?)\s*\}/;

/** @throws {Failure} where the file is no profile of trtexec. */
export function readProfile(path: string): Profile {
  return parseProfile(readTextFile(path, SIZE_LIMIT), path);
}

/** {@link readProfile} on text; `path` is for messages. */
export function parseProfile(text: string, path: string): Profile {
  const layers: LayerTime[] = [];
  for (const line of text.split("\n")) {
    const match = LAYER.exec(line);
    if (!match) continue;
    layers.push({
      name: match[1] ?? "",
      averageMs: parseNumber(match[3] ?? ""),
      ...(match[4] !== undefined && { medianMs: parseNumber(match[4]) }),
      percentage: parseNumber(match[5] ?? ""),
    });
  }
  const runs = Number(/"count"\s*:\s*(\d+)/.exec(text)?.[1] ?? 0);
  if (runs === 0 || layers.length === 0) {
    throw new Failure(`Cannot read ${path}: it is no layer profile of trtexec; run the profile again`);
  }
  return { runs, layers };
}
