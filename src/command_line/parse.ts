/** From a command and its command line to a job, with every fault as a sentence. */
import { messageOf } from "../failure.ts";
import { shownText } from "../shown.ts";
import { argumentsOf, type Command, type Job, type Parsed, usageFailure } from "./command.ts";
import { type Arguments, isNamed, spellingOf, type Values, type ValueType } from "./option.ts";
import { refuseWithoutEffect } from "./rules.ts";
import { hintForAssignment, hintForOption } from "./synonyms.ts";
import { type Place, readValue } from "./types.ts";
import { type Words, wordsOf } from "./words.ts";

/**
 * Parses the arguments of one command.
 *
 * @throws {UsageFailure} with a line for every wrong argument and a hint at `--help`.
 */
export async function parseCommand(command: Command, argv: readonly string[]): Promise<Job> {
  const { values, given } = await parseArguments(command, argv);
  return {
    json: given.has("json"),
    ...(command.stoppable === true && { stoppable: true }),
    run: (context) => command.run(values, context),
  };
}

/**
 * The values of a command's arguments.
 *
 * @throws {UsageFailure} as {@link parseCommand}.
 */
export async function parseArguments<A extends Arguments>(
  command: Command<A>,
  argv: readonly string[],
  place: Place = {},
): Promise<Parsed<A>> {
  const args = argumentsOf(command);
  const words = await wordsOf(args, argv);
  const faults = [
    ...words.withoutValue.map((typed) => `${typed} needs a value${exampleOf(typed, args)}`),
    ...words.withValue.map((typed) => `${typed} takes no value`),
    ...words.unknown.map((typed) =>
      `unknown option ${shownText(typed)}${hintForOption(typed.replace(/^-+/, ""), args)}`
    ),
  ];
  const values = { ...operandValues(words.operands, args, place, faults), ...optionValues(words, args, place, faults) };
  if (faults.length > 0) throw usageFailure(command.name, [...new Set(faults)].join("\n  "));
  const given = new Set([
    ...words.options.keys(),
    ...Object.keys(args).filter((property) =>
      !isNamed(args[property] as Arguments[string]) && hasValue(values[property])
    ),
  ]);
  // The program prints what --json asks for: the command need not know.
  const { json: _, ...own } = values;
  const parsed = { values: own as Values<A>, given };
  refuseWithoutEffect(command, parsed);
  return parsed;
}

function hasValue(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

function exampleOf(typed: string, args: Arguments): string {
  const descriptor = Object.values(args).find((one) => isNamed(one) && `--${one.long}` === typed);
  return descriptor === undefined || descriptor.kind === "flag" ? "" : `, e.g. ${descriptor.type.example}`;
}

function optionValues({ options }: Words, args: Arguments, place: Place, faults: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [property, descriptor] of Object.entries(args)) {
    if (!isNamed(descriptor)) continue;
    const texts = options.get(property);
    if (descriptor.kind === "flag") {
      values[property] = texts !== undefined;
      continue;
    }
    const { kind, long, type } = descriptor;
    const isRequired = kind === "option" && descriptor.required === true;
    if (texts === undefined && isRequired) faults.push(`--${long} is missing: ${descriptor.description}`);
    if (kind === "option" && texts !== undefined && texts.length > 1) faults.push(`--${long} stands more than once`);
    const read = (texts ?? []).flatMap((text) => {
      // An option that follows is no value: the value was forgotten.
      if (text === "" || text.startsWith("--")) {
        faults.push(`--${long} needs a value, e.g. ${type.example}`);
        return [];
      }
      try {
        return [readValue(type, text, place)];
      } catch (error) {
        faults.push(`--${long}: ${messageOf(error)}`);
        return [];
      }
    });
    values[property] = kind === "repeated" ? read : texts === undefined ? descriptor.default : read[0];
  }
  return values;
}

function operandValues(
  texts: readonly string[],
  args: Arguments,
  place: Place,
  faults: string[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let next = 0;
  const read = <T>(type: ValueType<T>, text: string): T[] => {
    try {
      return [readValue(type, text, place)];
    } catch (error) {
      faults.push(`${messageOf(error)}${hintForAssignment(text, args)}`);
      return [];
    }
  };
  for (const [property, descriptor] of Object.entries(args)) {
    if (isNamed(descriptor)) continue;
    const least = descriptor.kind === "rest" ? descriptor.least : descriptor.optional === true ? 0 : 1;
    const mine = descriptor.kind === "rest" ? texts.slice(next) : texts.slice(next, next + 1);
    next += mine.length;
    if (mine.length < least) faults.push(`${spellingOf(descriptor)} is missing: ${descriptor.description}`);
    const found = mine.flatMap((text) => read(descriptor.type, text));
    values[property] = descriptor.kind === "rest" ? found : found[0];
  }
  for (const text of texts.slice(next)) {
    faults.push(`unexpected argument ${shownText(text)}${hintForAssignment(text, args)}`);
  }
  return values;
}
