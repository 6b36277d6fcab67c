/** Options and arguments of cmd-ts whose help topics also say what completes them, for the shells. */
import {
  option as plainOption,
  positional as plainPositional,
  restPositionals as plainRestPositionals,
  type Type,
} from "cmd-ts";

/** What a shell may offer for a value: names of files, of folders, or words, of which a list takes several. */
export type Completion = "file" | "folder" | { readonly words: readonly string[]; readonly list?: boolean };

/** A type of arguments that knows its {@link Completion}, where it has one. */
export type CompletedType<T> = Type<string, T> & { readonly completion?: Completion };

/** A line of help, and what completes the value. */
export interface CompletedTopic {
  readonly category: string;
  readonly usage: string;
  readonly description: string;
  readonly completion?: Completion | undefined;
}

/** As cmd-ts's. */
export const option = withCompletion(plainOption);
/** As cmd-ts's. */
export const positional = withCompletion(plainPositional);
/** As cmd-ts's. */
export const restPositionals = withCompletion(plainRestPositionals);

interface Made {
  helpTopics(): { category: string; usage: string; description: string; defaults: string[] }[];
}

/** `make`, with the completion of the configured type added to its help topics. */
function withCompletion<F extends (config: never) => Made>(make: F): F {
  const made = (config: { readonly type?: { readonly completion?: Completion } }) => {
    const argument = make(config as never);
    const { completion } = config.type ?? {};
    return { ...argument, helpTopics: () => argument.helpTopics().map((topic) => ({ ...topic, completion })) };
  };
  return made as unknown as F;
}
