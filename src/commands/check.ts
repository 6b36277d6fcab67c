/** `seg check`: all faults of a data set in one run. */
import { command } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { flag, operand, option } from "../command_line/option.ts";
import { existingFile, existingFolder, outputFolder, wholeNumber } from "../command_line/types.ts";
import { forceFlag } from "./shared_options.ts";
import { countOf } from "../text.ts";
import { channelsOption, datasetOptions, labelsOption, planeOption } from "./dataset_options.ts";

/** What decides the result here and in a training: both have these options. */
const checked = {
  ...datasetOptions,
  channels: channelsOption,
  labels: labelsOption,
  inputSize: option({
    long: "input-size",
    type: wholeNumber(1, 4096),
    default: 64,
    description: "side of the network's input, to tell which lesions are too small for it",
  }),
  plane: planeOption,
  folds: option({
    long: "folds",
    type: wholeNumber(2, 1000),
    default: 5,
    description: "folds to look at",
  }),
  seed: option({
    long: "seed",
    type: wholeNumber(0, 2 ** 32 - 1),
    default: 0,
    description: "seed of the folds",
  }),
  splitFile: option({
    long: "split-file",
    type: existingFile,
    description: "folds in nnU-Net's format to check, in place of made ones",
  }),
};

export const check = command({
  name: "check",
  description:
    "Read every file of a data set and list all faults, each with what was found, what was expected and the remedy",
  arguments: {
    dataset: operand({ type: existingFolder, name: "DATASET", description: "data set folder" }),
    ...checked,
    write: flag({ long: "write", description: "write check.json, fingerprint.json and splits.json to --out" }),
    out: option({
      long: "out",
      type: outputFolder,
      default: ".",
      description: "folder for what --write writes",
    }),
    force: forceFlag,
  },
  rules: [
    {
      mode: "without --write",
      when: ({ write }) => !write,
      refuses: ["out", "force"],
      because: "nothing is written",
    },
    {
      mode: "with --split-file",
      when: ({ splitFile }) => splitFile !== undefined,
      refuses: ["folds", "seed"],
      because: "the folds are those of the file",
    },
  ],
  examples: [
    { description: "before a training", command: "seg check Task04_Hippocampus --input-size 64" },
    { description: "keep folds and fingerprint", command: "seg check Task04_Hippocampus --write --out checked" },
    { description: "folds of nnU-Net", command: "seg check Dataset005_Prostate --split-file splits_final.json" },
    {
      description: "slices of patients p01_1.png, p01_2.png, … of 0.5 mm",
      command: "seg check slices --group '(.*)_\\d+$' --spacing 0.5,0.5,3",
    },
  ],
  run: async (args, { reporter }) => {
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
        `${countOf(cases, "case")} of ${countOf(patients, "patient")} in layout ${layout} (${evidence}): ` +
        `${countOf(errors.length, "error")}, ${countOf(warnings.length, "warning")}`,
      ].join("\n"),
      failed,
      next: failed
        ? `${nextLine(["seg", "check", args.dataset], checked, args)}, once the errors are mended`
        : nextLine(["seg", "train", args.dataset], checked, args),
    };
  },
});
