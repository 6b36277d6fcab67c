/** The help of a command, made from its descriptors. */
import { wrapWords } from "../text.ts";
import { argumentsOf, type Command } from "./command.ts";
import { type Arguments, defaultText, isNamed, type NamedDescriptor } from "./option.ts";

/** Names of options of this width and less have their description beside them. */
const WIDEST_NAME = 30;
const LAST_GROUP = "General";
const USUAL_COLUMNS = 100;

/** The columns that help is written for: those of the terminal within what is easily read, or a usual number in a file. */
export function helpColumns(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY === true ? Math.min(120, Math.max(40, stream.columns || 80)) : USUAL_COLUMNS;
}

/** Usage, description, arguments and options by group, and examples, in lines of at most `columns` where words allow. */
export function helpText(command: Command, columns: number): string {
  const args = Object.values(argumentsOf(command));
  const named = args.filter(isNamed);
  const operands = args.flatMap((one) => isNamed(one) ? [] : [[operandText(one), one.description] as const]);
  const groups = new Map<string, NamedDescriptor[]>();
  for (const one of named) {
    const title = one.group ?? (named.some(({ group }) => group !== undefined) ? LAST_GROUP : "Options");
    groups.set(title, [...groups.get(title) ?? [], one]);
  }
  const last = groups.get(LAST_GROUP);
  if (last !== undefined) {
    groups.delete(LAST_GROUP);
    groups.set(LAST_GROUP, last);
  }
  const sections = [
    ...(operands.length === 0 ? [] : [["Arguments", operands] as const]),
    ...[...groups].map(([title, options]) => [title, options.map(optionRow)] as const),
  ];
  const widths = sections.flatMap(([, rows]) => rows.map(([left]) => left.length)).filter((width) =>
    width <= WIDEST_NAME
  );
  const left = Math.max(...widths);
  return [
    usageLines(command).join("\n"),
    wrapWords(`${command.description}.`, columns).join("\n"),
    ...sections.map(([title, rows]) =>
      [`${title}:`, ...rows.flatMap(([name, description]) => rowLines(name, description, left, columns))].join("\n")
    ),
    [
      "Examples:",
      ...command.examples.flatMap((one) => [
        ...wrapWords(one.description, columns - 2).map((line) => `  ${line}`),
        ...exampleLines(one.command, columns),
      ]),
    ].join("\n"),
  ].join("\n\n");
}

/** `Usage: seg train DATASET [options]`, one line for each way. */
function usageLines(command: Command): string[] {
  const required = Object.values(command.arguments).flatMap((one) => {
    if (!isNamed(one)) return [operandText(one)];
    return one.kind === "option" && one.required === true ? [`--${one.long} ${one.type.placeholder}`] : [];
  });
  const ways = command.usage ?? [required.join(" ")];
  return ways.map((way, i) => {
    const parts = [way, ...(way.includes("[options]") ? [] : ["[options]"])].filter((part) => part !== "");
    return [i === 0 ? "Usage:" : "      ", "seg", command.name, ...parts].join(" ");
  });
}

function operandText(operand: Exclude<Arguments[string], NamedDescriptor>): string {
  if (operand.kind === "rest") return operand.least === 0 ? `[${operand.name}...]` : `${operand.name}...`;
  return operand.optional === true ? `[${operand.name}]` : operand.name;
}

function optionRow(descriptor: NamedDescriptor): readonly [name: string, description: string] {
  const value = descriptor.kind === "flag" ? "" : ` ${descriptor.type.placeholder}`;
  return [`--${descriptor.long}${value}`, optionDescription(descriptor)];
}

/** The description of an option with its default, or that it has to be given. */
export function optionDescription(descriptor: NamedDescriptor): string {
  const required = descriptor.kind === "option" && descriptor.required === true;
  const otherwise = required ? "required" : defaultText(descriptor);
  return descriptor.description + (otherwise === undefined ? "" : ` (${otherwise})`);
}

function rowLines(name: string, description: string, left: number, columns: number): string[] {
  const indentation = " ".repeat(left + 4);
  const lines = wrapWords(description, Math.max(20, columns - indentation.length));
  return name.length > left
    ? [`  ${name}`, ...lines.map((line) => indentation + line)]
    : lines.map((line, i) => i === 0 ? `  ${name.padEnd(left)}  ${line}` : indentation + line);
}

/** The line of an example as it may be copied: a backslash where it goes on. Quoted words stay in one line. */
function exampleLines(line: string, columns: number): string[] {
  // An option and its value stay together.
  const glued = line.replace(/(--\S+) (?!-)/g, "$1\u00a0");
  const parts = /['"]/.test(line) ? [line] : wrapWords(glued, columns - "      ".length - " \\".length);
  const lines = parts.map((part) => part.replaceAll("\u00a0", " "));
  return lines.map((part, i) => `${i === 0 ? "    $ " : "      "}${part}${i < lines.length - 1 ? " \\" : ""}`);
}
