/** `seg report`: the report of a run or an evaluation, written anew from its files. */
import { command } from "../command_line/command.ts";
import { operand, option } from "../command_line/option.ts";
import { existingFile, existingFolder } from "../command_line/types.ts";
import { programs } from "./programs.ts";

export const report = command({
  name: "report",
  description:
    "Write report.html of a training run, a cross-validation or an evaluation anew, from the files of its folder: " +
    "curves, scores, cases, pictures and benchmarks in one file",
  arguments: {
    folder: operand({
      type: existingFolder,
      name: "FOLDER",
      description: "folder of seg train --out or seg evaluate --out",
    }),
    bench: option({
      long: "bench",
      type: existingFile,
      description: "report of seg bench --out to show; bench*.json in the folder are shown in any case",
    }),
  },
  examples: [
    { description: "of a run, with a benchmark", command: "seg report runs/first --bench nano.json" },
    { description: "of an evaluation", command: "seg report scores" },
  ],
  stoppable: true,
  run: async (args, context) => {
    const { writeReport } = await import("../report/write_report.ts");
    const { path, kind, bytes } = await writeReport(
      args.folder,
      { programs: programs(), benches: args.bench === undefined ? [] : [args.bench] },
      context,
    );
    return { json: { report: path, kind, bytes }, text: `Wrote ${path}` };
  },
});
