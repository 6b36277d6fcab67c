/** What a command line of each command may hold, read from the definitions that also parse it. */
import { COMMANDS } from "./catalog.ts";
import type { CompletedTopic, Completion } from "./option.ts";

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

/** The shapes of all commands; loads every command. */
export async function commandShapes(): Promise<CommandShape[]> {
  return await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { summary, load }]) => {
      const topics: readonly CompletedTopic[] = (await load()).helpTopics();
      const operands = topics.filter(({ category }) => category === "arguments").map(({ completion }) => completion);
      return {
        name,
        summary,
        options: topics.filter(({ category }) => category !== "arguments").map(optionShape),
        operands: operands.find((one) => typeof one === "object") ??
          (operands.length > 0 && operands.every((one) => one === "folder") ? "folder" : operands[0] && "file"),
      };
    }),
  );
}

function optionShape({ usage, description, completion }: CompletedTopic): OptionShape {
  const name = /^--([\w-]+)/.exec(usage)?.[1];
  if (name === undefined) throw new Error(`No option is named by ${usage}`);
  return { name, description, takesValue: usage.includes("<"), completion };
}
