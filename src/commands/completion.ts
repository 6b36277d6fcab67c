/** `seg completion`: the scripts with which shells complete command lines. */
import { command } from "cmd-ts";
import { jsonFlag, oneWordOf } from "./arguments.ts";
import type { Job } from "./job.ts";
import { positional } from "./option.ts";

export const completion = command({
  name: "seg completion",
  description:
    "Write the script with which a shell completes commands, options, the values of choices, and names of files. Its first lines say how it is loaded",
  args: {
    shell: positional({
      type: oneWordOf(["bash", "zsh", "fish"]),
      displayName: "shell",
      description: "bash, zsh or fish",
    }),
    json: jsonFlag,
  },
  examples: [
    { description: "for this bash; add the line to ~/.bashrc to keep it", command: "source <(seg completion bash)" },
    { description: "for fish", command: "seg completion fish > ~/.config/fish/completions/seg.fish" },
  ],
  handler: (args): Job => ({
    json: args.json,
    run: async () => {
      const { commandShapes } = await import("./command_shape.ts");
      const { completionScript } = await import("./completion_scripts.ts");
      const script = completionScript(args.shell, await commandShapes());
      return { json: { shell: args.shell, script }, text: script.trimEnd() };
    },
  }),
});
