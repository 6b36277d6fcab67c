/** Settings from a JSON or YAML file: its keys are the names of options, its values what the options take. */
import { extname } from "node:path";
import { parse as parseYaml } from "yaml";
import * as v from "valibot";
import { Failure, messageOf } from "../failure.ts";
import { readTextFile } from "../files.ts";
import { parseJson } from "../json.ts";
import { isObject, type JsonObject } from "../json_object.ts";
import { shown, shownText } from "../shown.ts";
import { isNewer } from "../version_order.ts";
import type { NamedDescriptor, Options, Values } from "./option.ts";
import { meantOption } from "./synonyms.ts";
import { readValue } from "./types.ts";

const REMEDY = "give settings as JSON or YAML, such as the config.json of a run";

const LARGEST_BYTES = { json: 1 << 20, yaml: 1 << 16 };

// Far more than settings need, and far less than what overflows the stack of the parser, which can end the process.
const LARGEST_INDENTATION = 100;
const MOST_BRACKETS = 100;
const MOST_INDICATORS = 20;
const MOST_ALIASES = 10;

/**
 * The values of the options that a file names, by property.
 *
 * A key is the name of an option as on the command line (`learning-rate`), in camel case (`learningRate`), or the name that the
 * `config.json` of a run has for it; a value is what the option takes, with lists as lists and flags as true or false. Entries that
 * are null or empty lists are left out. A `cross_validation.json` counts as its settings with `fold: all`.
 *
 * @throws {Failure} with a line for every fault: unknown keys with the nearest name, wrong values, a file of a newer version.
 */
export function readConfiguration<A extends Options>(
  path: string,
  definitions: A,
  version: string,
): Partial<Values<A>> {
  const { version: writtenBy, ...entries } = settingsOf(parsed(path), path);
  if (typeof writtenBy === "string" && isNewer(writtenBy, version)) {
    throw new Failure(
      `Cannot use ${path}: it was written by seg ${writtenBy}, and this is seg ${version}; install that version, or remove ` +
        `the line with the version and what this one does not know`,
    );
  }
  const known = knownNames(definitions);
  const [values, faults]: [Record<string, unknown>, string[]] = [{}, []];
  const keys = new Map<string, string>();
  for (const [key, value] of Object.entries(entries)) {
    const property = known.get(key);
    if (property === undefined) {
      const meant = meantOption(key, [...known.keys()]);
      faults.push(`unknown key ${shownText(key)}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
      continue;
    }
    const other = keys.get(property);
    if (other !== undefined) faults.push(`${other} and ${key} are the same setting; keep one`);
    keys.set(property, key);
    if (value === null || (Array.isArray(value) && value.length === 0)) continue;
    try {
      values[property] = valueOf(value, definitions[property] as NamedDescriptor, key === property);
    } catch (error) {
      faults.push(`${key}: ${messageOf(error)}`);
    }
  }
  if (faults.length > 0) throw new Failure(`Cannot use ${path}: ${faults.join("\n  ")}`);
  return values as Partial<Values<A>>;
}

function parsed(path: string): unknown {
  const kind = extname(path).toLowerCase() === ".json" ? "json" : "yaml";
  try {
    const text = readTextFile(path, LARGEST_BYTES[kind], REMEDY);
    if (kind === "json") return parseJson(text, v.unknown(), { from: path, remedy: REMEDY });
    if (isDeep(text)) throw new Error("it is nested too deeply for settings");
    return parseYaml(text, { logLevel: "error", maxAliasCount: MOST_ALIASES });
  } catch (error) {
    if (error instanceof Failure) throw error;
    const [sentence = ""] = messageOf(error).split(/:?\n/);
    throw new Failure(`Cannot read ${path}: ${shownText(sentence, 200)}; ${REMEDY}`, { cause: error });
  }
}

/** Whether brackets, lines and indentations could nest deeper than any settings. */
function isDeep(text: string): boolean {
  return (text.match(/[[{]/g) ?? []).length > MOST_BRACKETS ||
    text.split(/[\n\r]/).some((line) =>
      line.search(/\S|$/) > LARGEST_INDENTATION || (line.match(/[-?:](?=\s|$)/g) ?? []).length > MOST_INDICATORS
    );
}

function settingsOf(document: unknown, path: string): JsonObject {
  if (!isObject(document)) {
    throw new Failure(`Cannot read ${path}: it holds no settings; write a line for each option, such as epochs: 50`);
  }
  const { settings } = document;
  return isObject(settings) && Array.isArray(document["splits"]) ? { ...settings, fold: "all" } : document;
}

/** The property of an option by each of its names. */
function knownNames(definitions: Options): Map<string, string> {
  const names = new Map<string, string>();
  for (const [property, { long }] of Object.entries(definitions)) {
    for (const text of [long, camelCase(long), property, kebabCase(property)]) names.set(text, property);
  }
  return names;
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function kebabCase(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What the option makes of a value, by the checks of the command line; `named`: the key is the property, which names the unit. */
function valueOf(value: unknown, definition: NamedDescriptor, named: boolean): unknown {
  if (definition.kind === "flag") {
    if (typeof value === "boolean") return value;
    throw new Error(`found ${shown(value)}, expected true or false`);
  }
  const { type } = definition;
  if (named && typeof value === "number" && type.ofNumber !== undefined) return type.ofNumber(value);
  const text = textOf(value);
  if (text === undefined || text === "") throw new Error(`found ${shown(value)}, expected a value`);
  return readValue(type, text);
}

/** A value as the command line has it; undefined where it cannot have it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (!Array.isArray(value)) return undefined;
  const parts = value.map((part: unknown) => Array.isArray(part) ? undefined : textOf(part));
  return parts.every((part) => part !== undefined && !part.includes(",")) ? parts.join(",") : undefined;
}
