/** The command lines that come next, with the options by which a data set was read. */
import { shellLine } from "../shell_words.ts";
import type { DataReading } from "../data/data_reading.ts";

/** `words`, such as a command and a data set, and the options that read it, in words for a shell. */
export function datasetCommand(words: readonly string[], reading: DataReading): string {
  const { layout, map, ignore, group, spacingMm, ignoreOrigin } = reading;
  const options = Object.entries({ layout, map, ignore, group, spacing: spacingMm });
  return shellLine([
    ...words,
    ...options.flatMap(([name, value]) => value === undefined ? [] : [`--${name}`, `${value}`]),
    ...(ignoreOrigin ? ["--ignore-origin"] : []),
  ]);
}
