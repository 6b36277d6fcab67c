/** The metadata of an exported model: those of its source, with the outputs that are left. */
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
  const known = parsed(metadata["seg.output"]);
  if (known === undefined) return kept;
  const levels = Array.isArray(known["levels"]) ? known["levels"].filter((level) => outputs.includes(level)) : [];
  const answer = outputs.includes(known["answer"] as string) ? known["answer"] : outputs.at(-1);
  kept["seg.output"] = JSON.stringify({
    ...known,
    levels: levels.length === 0 ? outputs : levels,
    answer,
    ...(activation === "none" ? {} : { activation: "none" }),
  });
  kept["seg.export"] = JSON.stringify({ activation });
  return kept;
}

function parsed(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
