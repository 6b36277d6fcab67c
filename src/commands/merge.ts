/** `seg merge`: the parts of array jobs as one result. */
import { join } from "node:path";
import { command, usageFailure } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { option, restOperands } from "../command_line/option.ts";
import { existingFolder, outputFolder } from "../command_line/types.ts";
import { countOf } from "../text.ts";
import { forceFlag } from "./shared_options.ts";
import { reportAfter, reportLine } from "./report_after.ts";

export const merge = command({
  name: "merge",
  description:
    "Join what the tasks of an array job made, in whatever order and place: folds to one cross-validation, seeds side by " +
    "side, parts of a prediction to one folder of masks. Gaps, duplicates and parts of different settings are refused",
  arguments: {
    folders: restOperands({
      type: existingFolder,
      name: "FOLDER",
      least: 1,
      description: "the --out of the array job, or the folders of its parts",
    }),
    out: option({
      long: "out",
      type: outputFolder,
      description: "folder for the result; needed for several folders",
      otherwise: "the folder itself",
    }),
    force: forceFlag,
  },
  examples: [
    { description: "after seg train --fold auto --out runs/cv", command: "seg merge runs/cv" },
    {
      description: "parts of a prediction from two machines",
      command: "seg merge masks-a masks-b --out masks",
    },
  ],
  run: async (args, context) => {
    const { reporter } = context;
    const { folders, force } = args;
    const [first, second] = folders;
    const usage = (text: string) => usageFailure("merge", text);
    const { holdsFolds, mergeFolds } = await import("../training/runs/merge_folds.ts");
    const { holdsSeeds, mergeSeeds } = await import("../training/runs/merge_seeds.ts");
    const { holdsParts, mergeParts } = await import("../prediction/merge_parts.ts");
    if (holdsSeeds(first)) {
      if (second !== undefined || args.out !== undefined) {
        throw usage(`${first} holds seeds, which are merged where they are: give this folder alone, without --out`);
      }
      const { document, text } = mergeSeeds(first, { force });
      return { json: document, text };
    }
    if (second !== undefined && args.out === undefined) {
      throw usage("several folders need --out, the folder of the result");
    }
    const out = args.out ?? first;
    if (holdsParts(first)) {
      const merged = mergeParts(folders, { out, force });
      for (const { message } of merged.failures) reporter.warn(message);
      const failed = merged.failures.length > 0;
      return {
        json: merged,
        text: `${out}: ${countOf(merged.cases.length, "case")} of ${countOf(merged.parts, "part")}` +
          (failed ? `, ${countOf(merged.failures.length, "case")} failed` : ""),
        failed,
        next: nextLine(["seg", "evaluate", "--predictions", out, "DATASET"]),
      };
    }
    if (!holdsFolds(first)) {
      throw usage(
        `${first} holds nothing to merge, expected fold_0, seed_0 or part-1-of-2.json in it, or the files of a run`,
      );
    }
    const { document, models, text } = mergeFolds(folders, { out, force, columns: context.columns });
    for (const warning of document.warnings) reporter.warn(warning);
    const report = await reportAfter(out, context);
    return {
      json: { run: out, models, ...document, report: report ?? null },
      text: text + reportLine(report),
      next: nextLine(["seg", "ensemble", ...models, "--out", join(out, "ensemble.onnx")]),
    };
  },
});
