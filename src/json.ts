/** The one door for JSON from outside: checked for size and depth, parsed, and held against a schema. */
// Types alone: a schema carries its own check, so that commands that read no JSON load no library of schemas.
import type { BaseIssue, BaseSchema, InferOutput } from "valibot";
import { Failure, messageOf } from "./failure.ts";
import { shown, shownText } from "./shown.ts";

/** A schema of valibot; the message of a schema says what was expected ("a whole number from 1"). */
export type Schema = BaseSchema<unknown, unknown, BaseIssue<unknown>>;

/** Where a JSON text comes from, and what a reader of the message can do. */
export interface JsonSource {
  /** A file, or a part of one: "line 3 of history.jsonl". */
  readonly from: string;
  /** The end of the sentence: "give the folder of a run to --resume". */
  readonly remedy: string;
  /** Nested lists and objects at most (default: 32). */
  readonly deepest?: number | undefined;
}

const DEEPEST = 32;
const LONGEST_FIELD = 120;

/**
 * The value of a JSON text.
 *
 * @throws {Failure} where it is no JSON, is nested too deeply or does not fit the schema, naming the first field that does not.
 */
export function parseJson<S extends Schema>(text: string, schema: S, source: JsonSource): InferOutput<S> {
  const { from, remedy, deepest } = source;
  const read = jsonOf(text, deepest);
  if ("value" in read) return checked(read.value, schema, source);
  throw new Failure(`Cannot read ${from}: it ${read.fault}; ${remedy}`, { cause: read.cause });
}

/** As {@link parseJson}, for a value that was parsed before. @throws {Failure} naming the first field that does not fit. */
export function checked<S extends Schema>(value: unknown, schema: S, { from, remedy }: JsonSource): InferOutput<S> {
  const result = matched(value, schema);
  if ("value" in result) return result.value;
  throw new Failure(`Cannot use ${from}: ${result.fault}; ${remedy}`);
}

/** As {@link checked}, with the fault in words where the caller makes the sentence: `batch is "2", expected a whole number`. */
export function matched<S extends Schema>(
  value: unknown,
  schema: S,
): { readonly value: InferOutput<S> } | { readonly fault: string } {
  // The first fault is enough: a file of millions of faults costs no more than one of them.
  const result = schema["~run"]({ value }, { abortEarly: true });
  const issue = result.issues?.[0];
  return issue === undefined ? { value: result.value as InferOutput<S> } : { fault: faultOf(issue, schema) };
}

/** The value of a JSON text of which nothing is known yet, or why there is none: `is nested over 32 deep`, `is no JSON (…)`. */
export function jsonOf(
  text: string,
  deepest: number = DEEPEST,
): { readonly value: unknown } | { readonly fault: string; readonly cause?: unknown } {
  const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (isDeeper(plain, deepest)) return { fault: `is nested over ${deepest} deep` };
  try {
    return { value: JSON.parse(plain) };
  } catch (error) {
    return { fault: `is no JSON (${shownText(messageOf(error), LONGEST_FIELD)})`, cause: error };
  }
}

/** The value of a JSON text; undefined where it is no JSON or does not fit the schema, for files that other programs may have written. */
export function fittingJson<S extends Schema>(text: string, schema: S): InferOutput<S> | undefined {
  const read = jsonOf(text);
  const result = "value" in read ? matched(read.value, schema) : read;
  return "value" in result ? result.value : undefined;
}

/** Whether brackets of a JSON text outside of texts nest deeper than `limit`; a deep value would overflow the stack of what goes over it. */
function isDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** `batch is "2", expected a whole number from 1`, of the first field that does not fit. */
function faultOf(issue: BaseIssue<unknown>, schema: Schema): string {
  const path = issue.path ?? [];
  // valibot takes a list for an object, with what lists have of their own for entries.
  const list = path.findIndex(({ input, key }) => Array.isArray(input) && typeof key === "string");
  if (list >= 0) return found(fieldOf(path.slice(0, list)), path[list]?.input, "an object");
  // Of a missing entry valibot says its name, not what was expected there.
  const isMissing = issue.expected === JSON.stringify(path.at(-1)?.key) && issue.received === "undefined";
  if (!isMissing) return found(fieldOf(path), issue.input, expectedOf(issue));
  const wanted = path.reduce<object | undefined>((outer, { key }) => partOf(outer, key), schema);
  return `${fieldOf(path)} is missing${wanted === undefined ? "" : `, expected ${expectedOf(firstCheck(wanted))}`}`;
}

function found(field: string, value: unknown, expected: string): string {
  return `${field === "" ? "it holds" : `${field} is`} ${shown(value)}, expected ${expected}`;
}

/** `settings.labels[2]`; empty for the value as a whole. */
function fieldOf(path: readonly { readonly key: unknown }[]): string {
  const names = path.map(({ key }) => typeof key === "number" ? `[${key}]` : `.${shownText(String(key))}`);
  return shownText(names.join("").replace(/^\./, ""), LONGEST_FIELD);
}

/** What the members of valibot's schemas have, as far as the way to a field goes through them. */
interface SchemaMembers {
  readonly entries?: Readonly<Record<string, object>>;
  readonly item?: object;
  readonly value?: object;
  readonly wrapped?: object;
  readonly pipe?: readonly [object, ...object[]];
  readonly message?: unknown;
  readonly expects?: string | null;
}

function partOf(outer: object | undefined, key: unknown): object | undefined {
  const { entries, item, value, wrapped, pipe } = (outer ?? {}) as SchemaMembers;
  if (entries !== undefined) return entries[String(key)];
  const inner = wrapped ?? pipe?.[0];
  return item ?? value ?? (inner === undefined ? undefined : partOf(inner, key));
}

/** The part of a schema that says what it expects. */
function firstCheck(schema: object): { readonly message: string; readonly expected: string | null } {
  const { wrapped, message, expects } = schema as SchemaMembers;
  if (wrapped !== undefined) return firstCheck(wrapped);
  return { message: typeof message === "string" ? message : "Invalid ", expected: expects ?? null };
}

const WORDS: Readonly<Record<string, string>> = {
  number: "a number",
  string: "a text",
  boolean: "true or false",
  Object: "an object",
  Array: "a list",
};

function expectedOf({ message, expected }: { readonly message: string; readonly expected: string | null }): string {
  // valibot's own messages begin so; ours say what was expected.
  if (!message.startsWith("Invalid ")) return message;
  return WORDS[expected ?? ""] ?? (expected ?? "another value").replace(/^\((.*)\)$/, "$1").replaceAll(" | ", ", ");
}
