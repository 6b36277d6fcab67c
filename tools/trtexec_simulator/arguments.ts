/** Parses a command line as the simulated trtexec does. */
import { type FlagKind, flagsOf, type SimulatedVersion } from "./flag_table.ts";

/** A command line that trtexec understood. */
export interface ParsedArguments {
  readonly values: ReadonlyMap<string, string>;
  /** Warnings about deprecated flags. */
  readonly warnings: readonly string[];
}

/** The command line is refused with this message; trtexec then prints its help and fails. */
export class ArgumentError extends Error {}

/**
 * Splits every word at its first "="; booleans ignore a value; a flag that is unknown or given twice is an unknown option.
 *
 * @throws {ArgumentError} with the text that trtexec prints.
 */
export function parseArguments(version: SimulatedVersion, words: readonly string[]): ParsedArguments {
  const flags = flagsOf(version);
  const values = new Map<string, string>();
  const warnings: string[] = [];
  for (const word of words) {
    const split = word.indexOf("=");
    const [flag, value] = split < 0 ? [word, ""] : [word.slice(0, split), word.slice(split + 1)];
    const known = flags.get(flag);
    if (known === undefined || (values.has(flag) && known.kind !== "boolean")) {
      throw new ArgumentError(`Unknown option: ${flag} ${value}`);
    }
    if (known.deprecated) warnings.push(`${flag} has been deprecated.`);
    values.set(flag, normalize(flag, known.kind, value));
  }
  checkCombination(version, values);
  return { values, warnings };
}

/** The shapes in `name:1x3x8x8,name2:…`; the last colon splits. */
export function parseShapes(text: string): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const item of text.split(",").filter(Boolean)) {
    const colon = item.lastIndexOf(":");
    shapes.set(item.slice(0, colon).replaceAll("'", ""), item.slice(colon + 1).split("x").map(Number));
  }
  return shapes;
}

function normalize(flag: string, kind: FlagKind, value: string): string {
  if (kind === "boolean") return "true";
  if (kind === "text") return value;
  // The integers of the real program come from stoi, which stops at the first character that is no digit.
  const number = kind === "integer" ? Number.parseInt(value, 10) : Number.parseFloat(value);
  if (Number.isNaN(number)) throw new ArgumentError(`Invalid value for ${flag}: ${value}`);
  return String(number);
}

function checkCombination(version: SimulatedVersion, values: ReadonlyMap<string, string>): void {
  if (!values.has("--onnx") && !values.has("--loadEngine")) {
    throw new ArgumentError("Model missing or format not recognized");
  }
  if (values.has("--loadEngine") && values.has("--saveEngine")) {
    throw new ArgumentError("Incompatible load and save engine options selected");
  }
  const ranged = ["--minShapes", "--optShapes", "--maxShapes"].filter((flag) => values.has(flag));
  if (ranged.length === 2 || (ranged.length === 1 && ranged[0] !== "--optShapes")) {
    throw new ArgumentError("Must specify only --optShapes or all of --minShapes, --optShapes, --maxShapes");
  }
  // Before 8.4 nothing strips quotes, and --loadInputs is split at every colon.
  const quoted = version === "8.0.1" || version === "8.2.1";
  for (const item of values.get("--loadInputs")?.split(",") ?? []) {
    if (quoted && item.split(":").length !== 2) throw new ArgumentError(`Invalid input specification ${item}`);
  }
}
