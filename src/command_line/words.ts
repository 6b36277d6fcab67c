/** The words of a command line, taken apart by cmd-ts: which options stand there, with which texts, and what is left. */
import { command, multiflag, multioption, parse, restPositionals, string } from "cmd-ts";
import { type Arguments, isNamed, type NamedDescriptor } from "./option.ts";

/** What stands on a command line. */
export interface Words {
  /** Arguments without a name. */
  readonly operands: readonly string[];
  /** Texts of each option by property; a flag has an empty list. Options that do not stand there are absent. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Names of options without a value, and of flags with one. */
  readonly withoutValue: readonly string[];
  readonly withValue: readonly string[];
  /** What the command does not know, as it was typed: `--name` or `-n`. */
  readonly unknown: readonly string[];
}

// Several words of one option are told apart later: here each is taken as a list of texts.
const texts = { displayName: "text", from: (words: string[]): Promise<string[]> => Promise.resolve(words) };
const marks = { displayName: "flag", from: (marked: boolean[]): Promise<boolean[]> => Promise.resolve(marked) };

/** Takes `argv` apart for the arguments of a command. */
export async function wordsOf(args: Arguments, argv: readonly string[]): Promise<Words> {
  const named = Object.entries(args).filter((entry): entry is [string, NamedDescriptor] => isNamed(entry[1]));
  const parsers = named.map(([property, { kind, long }]) =>
    [property, kind === "flag" ? multiflag({ long, type: marks }) : multioption({ long, type: texts })] as const
  );
  const taken = command({
    name: "seg",
    args: { ...Object.fromEntries(parsers), operands: restPositionals({ type: string }) },
    handler: () => undefined,
  });
  const result = await parse(taken, [...argv]);
  const found = (result._tag === "ok" ? result.value : result.error.partialValue) as Record<string, unknown>;
  const nodes = result._tag === "ok" ? [] : result.error.errors.flatMap((error) => error.nodes);
  const kinds = new Map(named.map(([, { kind, long }]) => [long, kind]));
  const faulty = nodes.map((node) => ({
    typed: node.type === "longOption" ? `--${node.key}` : `-${"key" in node ? node.key : node.raw}`,
    kind: node.type === "longOption" ? kinds.get(node.key) : undefined,
  }));
  const options = named.flatMap(([property, { kind }]) => {
    const values = found[property] as readonly (string | boolean)[] | undefined;
    return values === undefined || values.length === 0
      ? []
      : [[property, kind === "flag" ? [] : values.map(String)] as const];
  });
  return {
    operands: found["operands"] as readonly string[],
    options: new Map(options),
    withoutValue: faulty.flatMap(({ typed, kind }) => kind !== undefined && kind !== "flag" ? [typed] : []),
    withValue: faulty.flatMap(({ typed, kind }) => kind === "flag" ? [typed] : []),
    unknown: faulty.flatMap(({ typed, kind }) => kind === undefined ? [typed] : []),
  };
}
