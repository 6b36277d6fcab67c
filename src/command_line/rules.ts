/** Options without an effect are refused: the rules of a command say which, in which way of using it. */
import { type Command, type Parsed, type Rule, usageFailure } from "./command.ts";
import { type Arguments, spellingOf } from "./option.ts";

/** The properties that have no effect where the rule holds. */
export function refusedBy<A extends Arguments>(rule: Rule<A>, args: A): readonly string[] {
  const { refuses, takes } = rule;
  return refuses ?? Object.keys(args).filter((property) => !takes?.includes(property));
}

/** @throws {UsageFailure} where an option was given that has no effect beside the others. */
export function refuseWithoutEffect<A extends Arguments>(command: Command<A>, { values, given }: Parsed<A>): void {
  const { name, rules = [], arguments: args } = command;
  const lines = rules.filter((rule) => rule.when(values)).flatMap((rule) =>
    refusedBy(rule, args).filter((property) => given.has(property)).map((property) =>
      `${spellingOf(args[property] as Arguments[string])} has no effect ${rule.mode}: ${rule.because}`
    )
  );
  if (lines.length > 0) throw usageFailure(name, [...new Set(lines)].join("\n  "));
}
