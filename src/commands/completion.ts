/** `seg completion`: the scripts with which shells complete command lines. */
import { type Command, command, type CommandEntry } from "../command_line/command.ts";
import { operand } from "../command_line/option.ts";
import { oneWordOf } from "../command_line/types.ts";

/** The command that completes `commands`. */
export function completionOf(commands: Readonly<Record<string, CommandEntry>>): Command {
  return command({
    name: "completion",
    description:
      "Write the script with which a shell completes commands, options, the values of choices, and names of files. Its first lines say how it is loaded",
    arguments: {
      shell: operand({
        type: oneWordOf(["bash", "zsh", "fish"]),
        name: "SHELL",
        description: "bash, zsh or fish",
      }),
    },
    examples: [
      { description: "for this bash; add the line to ~/.bashrc to keep it", command: "source <(seg completion bash)" },
      { description: "for fish", command: "seg completion fish > ~/.config/fish/completions/seg.fish" },
    ],
    run: async (args) => {
      const { commandShape } = await import("../command_line/command_shape.ts");
      const { completionScript } = await import("../command_line/completion_scripts.ts");
      const shapes = Object.values(commands).map(async ({ summary, load }) => commandShape(await load(), summary));
      const script = completionScript(args.shell, await Promise.all(shapes));
      return { json: { shell: args.shell, script }, text: script.trimEnd() };
    },
  });
}
