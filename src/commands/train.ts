/** `seg train`: a network from a data set folder. */
import { command } from "../command_line/command.ts";
import { configurable, LIMITS, type TrainArguments, trainArguments } from "./train_arguments.ts";

export const train = command({
  name: "train",
  description:
    "Train a network on a data set folder, from scratch or from any ONNX file. Ctrl-C saves, --resume continues to the same bits; " +
    "--fold all trains every fold and scores each case by the model that has not seen it",
  usage: ["DATASET", "--resume FOLDER", "--config FILE"],
  arguments: trainArguments,
  rules: [
    {
      mode: "with --resume",
      when: ({ resume }) => resume !== undefined,
      takes: ["resume", ...LIMITS],
      because: "a run keeps its settings",
    },
    {
      mode: "with --init",
      when: ({ init }) => init !== undefined,
      refuses: ["net", "head", "width", "inputSize"],
      because: "the network is that of the file",
    },
    {
      mode: "with --init or --head none, unless --level-targets is nearest",
      when: ({ init, head, levelTargets }) => (init !== undefined || head === "none") && levelTargets !== "nearest",
      refuses: ["outputSize"],
      because: "the network has its own",
    },
    {
      mode: "with --split-file",
      when: ({ splitFile }) => splitFile !== undefined,
      refuses: ["folds"],
      because: "the folds are those of the file",
    },
    {
      mode: "without --optimizer sgd",
      when: ({ optimizer, config }) => optimizer !== undefined ? optimizer !== "sgd" : config === undefined,
      refuses: ["momentum"],
      because: "adam and adamw have their own averages",
    },
    {
      mode: "with --augment none",
      when: ({ augment }) => augment === "none",
      refuses: ["mirror"],
      because: "nothing is augmented",
    },
  ],
  examples: [
    { description: "with the defaults", command: "seg train Task04_Hippocampus --out runs/hippocampus" },
    {
      description: "within two hours, two channels, the whole tumour",
      command: "seg train BraTS --channels flair,t1ce --labels whole --time-budget 2h",
    },
    {
      description: "5-fold cross-validation",
      command: "seg train Task04_Hippocampus --folds 5 --fold all --out runs/cv",
    },
    {
      description: "another task from the weights of a model",
      command: "seg train Task04_Hippocampus --init tumours.onnx --new-head",
    },
    {
      description: "a fold per task of an array job, which may be started again",
      command: "seg train Task04_Hippocampus --folds 5 --fold auto --out runs/cv",
    },
    { description: "continue", command: "seg train --resume runs/hippocampus --epochs 100" },
    {
      description: "repeat a run with another seed",
      command: "seg train --config runs/hippocampus/config.json --seed 1 --out runs/seed-1",
    },
  ],
  stoppable: true,
  run: async (args, context) => {
    const { runTrain } = await import("./run_train.ts");
    return await runTrain(args.config === undefined ? args : await overConfiguration(args, args.config), context);
  },
});

/** The options of the command line, and those of a file where the line has none. */
async function overConfiguration(line: TrainArguments, config: string): Promise<TrainArguments> {
  const { readConfiguration } = await import("../command_line/configuration.ts");
  const { programVersion } = await import("./version.ts");
  const given = Object.entries(line).filter(([, value]) => value !== undefined && value !== false);
  return { ...line, ...readConfiguration(config, configurable, programVersion()), ...Object.fromEntries(given) };
}
