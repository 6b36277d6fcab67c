/** `seg check`: all faults of a data set in one run. */
import { command, flag, optional } from "cmd-ts";
import { countOf } from "../text.ts";
import {
  existingFile,
  existingFolder,
  forceFlag,
  jsonFlag,
  list,
  oneWordOf,
  outputFolder,
  wholeNumber,
} from "./arguments.ts";
import { datasetOptions } from "./dataset_arguments.ts";
import { datasetCommand } from "./dataset_command.ts";
import type { Job } from "./job.ts";
import { option, positional } from "./option.ts";

export const check = command({
  name: "seg check",
  description:
    "Read every file of a data set and list all faults, each with what was found, what was expected and the remedy",
  args: {
    dataset: positional({ type: existingFolder, displayName: "dataset", description: "data set folder" }),
    ...datasetOptions,
    channels: option({ long: "channels", type: optional(list), description: "channels by number or name (all)" }),
    labels: option({ long: "labels", type: optional(list), description: 'labels by value or name, or "whole" (all)' }),
    inputSize: option({
      long: "input-size",
      type: { ...wholeNumber(1, 4096), defaultValue: () => 64 },
      description: "side of the network's input, to tell which lesions are too small for it (64)",
    }),
    plane: option({
      long: "plane",
      type: optional(oneWordOf(["axial", "coronal", "sagittal"])),
      description: "plane of the slices: axial, coronal or sagittal (across the largest spacing)",
    }),
    folds: option({
      long: "folds",
      type: { ...wholeNumber(2, 1000), defaultValue: () => 5 },
      description: "folds to look at (5)",
    }),
    seed: option({
      long: "seed",
      type: { ...wholeNumber(0, 2 ** 32 - 1), defaultValue: () => 0 },
      description: "seed of the folds (0)",
    }),
    splitFile: option({
      long: "split-file",
      type: optional(existingFile),
      description: "folds in nnU-Net's format to check, in place of made ones",
    }),
    write: flag({ long: "write", description: "write check.json, fingerprint.json and splits.json to --out" }),
    out: option({
      long: "out",
      type: { ...outputFolder, defaultValue: () => "." },
      description: "folder for what --write writes (the current one)",
    }),
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    { description: "before a training", command: "seg check Task04_Hippocampus --input-size 64" },
    { description: "keep folds and fingerprint", command: "seg check Task04_Hippocampus --write --out checked" },
    { description: "folds of nnU-Net", command: "seg check Dataset005_Prostate --split-file splits_final.json" },
    {
      description: "slices of patients p01_1.png, p01_2.png, … of 0.5 mm",
      command: "seg check slices --group '(.*)_\\d+$' --spacing 0.5,0.5,3",
    },
  ],
  handler: (args): Job => ({
    json: args.json,
    run: async ({ reporter }) => {
      const { checkDataset, writeCheckFiles } = await import("../data/check.ts");
      const { findingSentence } = await import("../data/finding.ts");
      const { makeFolder, refuseExisting } = await import("../files.ts");
      const { join } = await import("node:path");
      if (args.write) {
        for (const name of ["check.json", "fingerprint.json", "splits.json"]) {
          refuseExisting(join(args.out, name), args.force);
        }
      }
      const report = checkDataset(args.dataset, { ...args, splitsFile: args.splitFile, reporter });
      const { layout, evidence, ignored, cases, patients, patientEvidence, errors, warnings } = report;
      if (args.write) {
        makeFolder(args.out);
        const names = writeCheckFiles(report, args.out);
        reporter.note(`Wrote ${names.join(", ")} to ${args.out}`);
      }
      const failed = errors.length > 0;
      const lines = [...errors, ...warnings].map((finding) => `${finding.code}  ${findingSentence(finding)}`);
      return {
        json: {
          layout,
          evidence,
          ...(ignored && { ignored }),
          cases,
          patients,
          ...(patientEvidence && { patientEvidence }),
          errors,
          warnings,
        },
        text: [
          ...lines,
          ...(ignored ? [`Ignored: voxels with the label ${ignored.join(", ")} count in no loss and no score`] : []),
          ...(patientEvidence ? [`Patients: ${patientEvidence}`] : []),
          `${countOf(cases, "case")} of ${countOf(patients, "patient")} in layout ${layout} (${evidence}): ${
            countOf(errors.length, "error")
          }, ` +
          countOf(warnings.length, "warning"),
        ].join("\n"),
        failed,
        next: failed
          ? `${datasetCommand(["seg", "check", args.dataset], args)}, once the errors are mended`
          : datasetCommand(["seg", "train", args.dataset], args),
      };
    },
  }),
});
