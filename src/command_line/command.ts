/** A command: what it takes as data, and the work that it does. */
import { UsageFailure } from "../failure.ts";
import type { WorkContext } from "../reporter.ts";
import { type Arguments, type Flag, flag, type Values } from "./option.ts";

/** What a finished command has to show. */
export interface Outcome {
  /** The document that `--json` prints. */
  readonly json: unknown;
  /** What is printed to stdout otherwise. */
  readonly text: string;
  /** The command that a user will want next. */
  readonly next?: string | undefined;
  /** True where the work was done, but what it checks is not in order: exit code 1. */
  readonly failed?: boolean;
}

/** The work of one command line. */
export interface Job {
  readonly json: boolean;
  /** True where `signal` is heeded; the others end at once with the first Ctrl-C. */
  readonly stoppable?: boolean;
  readonly run: (context: WorkContext) => Outcome | Promise<Outcome>;
}

/** What stood on a command line: the values with defaults, and the properties that were given. */
export interface Parsed<A extends Arguments> {
  readonly values: Values<A>;
  readonly given: ReadonlySet<string>;
}

/** A way to use a command in which some of its options have no effect. */
export interface Rule<A extends Arguments> {
  /** Which way, in words behind "has no effect", such as `without --write`. */
  readonly mode: string;
  when(args: Values<A>): boolean;
  /** The properties of what has no effect; with `takes`, of all that has one. */
  readonly refuses?: readonly (keyof A & string)[];
  readonly takes?: readonly (keyof A & string)[];
  /** Why, and what to do. */
  readonly because: string;
}

/** An example of the help. */
export interface Example {
  readonly description: string;
  readonly command: string;
}

/** A command. Its file loads nothing else that is heavy: `run` imports what it needs. */
export interface Command<A extends Arguments = Arguments> {
  readonly name: string;
  readonly description: string;
  /** What stands behind the name in each way to use it; made from the arguments unless given. */
  readonly usage?: readonly string[];
  readonly arguments: A;
  readonly rules?: readonly Rule<A>[];
  readonly examples: readonly Example[];
  readonly stoppable?: boolean;
  run(args: Values<A>, context: WorkContext): Outcome | Promise<Outcome>;
}

/** A command of the program. */
export interface CommandEntry {
  readonly summary: string;
  /** Imports the command when it is asked for, so that the program starts fast. */
  readonly load: () => Promise<Command>;
}

/** `--json`, which every command has; the program prints what it asks for. */
export const JSON_FLAG: Flag = flag({ long: "json", description: "print one JSON document to stdout" });

/** `definition`, with the types of its arguments. */
export function command<A extends Arguments>(definition: Command<A>): Command<A> {
  return definition;
}

/** All that a command takes, `--json` among it. */
export function argumentsOf(of: Command): Arguments {
  return { ...of.arguments, json: JSON_FLAG };
}

/** A fault of a command line: what is wrong, and where help is. */
export function usageFailure(name: string, text: string): UsageFailure {
  return new UsageFailure(`seg ${name}: ${text}\nTry seg ${name} --help`);
}
