/** `seg report`: the report of a run or an evaluation, written anew from its files. */
import { command, optional } from "cmd-ts";
import { existingFile, existingFolder, jsonFlag } from "./arguments.ts";
import type { Job } from "./job.ts";
import { option, positional } from "./option.ts";
import { programs } from "./programs.ts";

export const report = command({
  name: "seg report",
  description:
    "Write report.html of a training run, a cross-validation or an evaluation anew, from the files of its folder: " +
    "curves, scores, cases, pictures and benchmarks in one file",
  args: {
    folder: positional({
      type: existingFolder,
      displayName: "folder",
      description: "folder of seg train --out or seg evaluate --out",
    }),
    bench: option({
      long: "bench",
      type: optional(existingFile),
      description: "report of seg bench --out to show; bench*.json in the folder are shown in any case",
    }),
    json: jsonFlag,
  },
  examples: [
    { description: "of a run, with a benchmark", command: "seg report runs/first --bench nano.json" },
    { description: "of an evaluation", command: "seg report scores" },
  ],
  handler: (args): Job => ({
    json: args.json,
    stoppable: true,
    run: async (context) => {
      const { writeReport } = await import("../report/write_report.ts");
      const { path, kind, bytes } = await writeReport(
        args.folder,
        { programs: programs(), benches: args.bench === undefined ? [] : [args.bench] },
        context,
      );
      return { json: { report: path, kind, bytes }, text: `Wrote ${path}` };
    },
  }),
});
