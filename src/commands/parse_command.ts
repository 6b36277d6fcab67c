/** From a cmd-ts command and its arguments to a job, with errors as sentences. */
import { stripVTControlCharacters } from "node:util";
import { parse, runSafely } from "cmd-ts";
import { UsageFailure } from "../failure.ts";
import { didYouMean } from "./did_you_mean.ts";
import type { Job } from "./job.ts";
import { beforeDivider } from "./divider.ts";
import { longNames } from "./option_name.ts";
import type { CompletedTopic } from "./option.ts";

/** A command whose handler makes a job of its arguments. */
export type JobCommand = Parameters<typeof parse>[0] & { helpTopics(): readonly CompletedTopic[] };

/** The help of a command, which {@link HELP_TEXTS} holds ready. */
export async function helpText(name: string, made: JobCommand): Promise<string> {
  const result = await runSafely(made, ["--help"]);
  if (result._tag === "ok") throw new Error(`The command ${name} has no help`);
  // Everything that is not marked so is optional: in most commands nearly all.
  return stripVTControlCharacters(result.error.config.message).replaceAll(" [optional]", "");
}

/**
 * Parses the arguments of one command.
 *
 * @throws {UsageFailure} with a line for every wrong argument and a hint at `--help`.
 */
export async function parseCommand(name: string, made: JobCommand, argv: readonly string[]): Promise<Job> {
  return made.handler(await parseArguments(name, made, argv));
}

/**
 * The arguments that a command's handler takes.
 *
 * @throws {UsageFailure} as {@link parseCommand}.
 */
export async function parseArguments<C extends JobCommand>(
  name: string,
  made: C,
  argv: readonly string[],
): Promise<Parameters<C["handler"]>[0]> {
  const { options, flags } = longNames(made);
  const lines = optionsWithoutValue(beforeDivider(argv), options);
  const result = await parse(made, [...argv]);
  if (result._tag === "ok" && lines.length === 0) return result.value;
  if (result._tag === "error") {
    for (const error of result.error.errors) lines.push(...sentences(error, [...options, ...flags, "help"]));
  }
  throw new UsageFailure(`seg ${name}: ${[...new Set(lines)].join("\n  ")}\nTry seg ${name} --help`);
}

/** cmd-ts takes the default, or the next option, where a value is missing. */
function optionsWithoutValue(argv: readonly string[], options: readonly string[]): string[] {
  return argv.flatMap((text, i) => {
    const [, name, value] = /^--([^=]+)(=.*)?$/s.exec(text) ?? [];
    if (name === undefined || !options.includes(name)) return [];
    const next = value?.slice(1) ?? argv[i + 1] ?? "";
    return next === "" || (value === undefined && next.startsWith("--")) ? [`--${name} needs a value`] : [];
  });
}

type ParsingError = {
  readonly message: string;
  readonly nodes: readonly { readonly type: string; readonly raw: string }[];
};

function sentences({ message, nodes }: ParsingError, known: readonly string[]): string[] {
  if (message === "Unknown arguments") return nodes.map((node) => unknownArgument(node, known));
  const text = message.replace(/\s*\n\s*/g, " ");
  const [node] = nodes;
  const missing = /^No value provided for (.+)$/.exec(text)?.[1];
  if (missing !== undefined) {
    return [missing.startsWith("-") ? `${missing} needs a value` : `${missing.toUpperCase()} is missing`];
  }
  if (text.startsWith("Too many times provided")) return [`${nameOf(node)} stands more than once`];
  return [node?.type === "longOption" ? `${nameOf(node)}: ${text}` : text];
}

function unknownArgument({ type, raw }: ParsingError["nodes"][number], known: readonly string[]): string {
  if (type === "positionalArgument") return `unexpected argument ${raw}`;
  const typed = type === "longOption" ? nameOf({ raw }) : `-${raw.replace(/[= ].*$/, "")}`;
  const meant = didYouMean(typed.replace(/^-+/, ""), known);
  return `unknown option ${typed}${meant === undefined ? "" : `; did you mean --${meant}?`}`;
}

function nameOf(node: { readonly raw: string } | undefined): string {
  return node?.raw.replace(/[= ].*$/s, "") ?? "an option";
}
