/** What a command line of each command may hold, read off its descriptors. */
import { argumentsOf, type Command } from "./command.ts";
import { optionDescription } from "./help.ts";
import { type Completion, isNamed } from "./option.ts";

/** An option; `completion` is absent for values that only the user knows. */
export interface OptionShape {
  /** Without the dashes. */
  readonly name: string;
  readonly description: string;
  /** False for flags. */
  readonly takesValue: boolean;
  readonly completion?: Completion | undefined;
}

export interface CommandShape {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionShape[];
  /** What completes the arguments that stand without an option; absent where there are none. */
  readonly operands?: Completion | undefined;
}

/** The shape of a command. */
export function commandShape(command: Command, summary: string): CommandShape {
  const args = Object.values(argumentsOf(command));
  const operands = args.flatMap((one) => isNamed(one) ? [] : [one.type.completion]);
  return {
    name: command.name,
    summary,
    options: args.filter(isNamed).map((one) => ({
      name: one.long,
      description: optionDescription(one),
      takesValue: one.kind !== "flag",
      completion: one.kind === "flag" ? undefined : one.type.completion,
    })),
    operands: operands.find((one) => typeof one === "object") ??
      (operands.length > 0 && operands.every((one) => one === "folder") ? "folder" : operands[0] && "file"),
  };
}
