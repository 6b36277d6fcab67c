/** The command lines that come next, with the options that decide their result, in words for a shell. */
import { shellLine } from "../shell_words.ts";
import { type Options, textOf } from "./option.ts";

/** Values of options by property, as a command was given them or a file has them. */
export type OptionValues = Readonly<Record<string, unknown>>;

/** The words that give these values to the options; what is absent, false or the default is left out. */
export function optionWords(options: Options, values: OptionValues): string[] {
  return Object.entries(options).flatMap(([property, descriptor]) => {
    const value = values[property];
    const name = `--${descriptor.long}`;
    if (descriptor.kind === "flag") return value === true ? [name] : [];
    if (value === undefined || (descriptor.kind === "option" && value === descriptor.default)) return [];
    if (descriptor.kind === "repeated") {
      return (value as readonly unknown[]).flatMap((one) => [name, textOf(descriptor.type, one)]);
    }
    return [name, textOf(descriptor.type, value)];
  });
}

/** A command line of these words, and of those of `options` that `values` has. */
export function nextLine(words: readonly string[], options: Options = {}, values: object = {}): string {
  return shellLine([...words, ...optionWords(options, values as OptionValues)]);
}
