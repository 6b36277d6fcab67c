/** The metadata of an exported model: those of its source, with the outputs that are left. */
import * as v from "valibot";
import { fittingJson } from "../json.ts";
import type { OutputActivation } from "./inference_graph.ts";

/**
 * `metadata` with `seg.output` reduced to `outputs`, and `seg.export` saying what was done.
 *
 * A model whose outputs are probabilities says "none" as its activation: nothing may be applied to them again.
 */
export function exportedMetadata(
  metadata: Readonly<Record<string, string>>,
  outputs: readonly string[],
  activation: OutputActivation,
): Record<string, string> {
  const kept: Record<string, string> = { ...metadata };
  const known = outputMetadata(metadata);
  if (known === undefined) return kept;
  const levels = (known.levels ?? []).filter((level) => outputs.includes(level));
  const answer = known.answer !== undefined && outputs.includes(known.answer) ? known.answer : outputs.at(-1);
  kept["seg.output"] = JSON.stringify({
    ...known,
    levels: levels.length === 0 ? outputs : levels,
    answer,
    ...(activation === "none" ? {} : { activation: "none" }),
  });
  kept["seg.export"] = JSON.stringify({ activation });
  return kept;
}

/** Of any file, which need not be one of seg. */
const OutputProperties = v.looseObject({
  levels: v.optional(v.array(v.string())),
  answer: v.optional(v.string()),
});

/** What `seg.output` says, where it is there and well formed. */
export function outputMetadata(metadata: Readonly<Record<string, string>>) {
  const text = metadata["seg.output"];
  return text === undefined ? undefined : fittingJson(text, OutputProperties);
}
