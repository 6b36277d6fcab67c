/** `seg demo`: the whole chain on built-in phantom data. */
import { command } from "../command_line/command.ts";
import { flag, option } from "../command_line/option.ts";
import { outputFolder, wholeNumber } from "../command_line/types.ts";

export const demo = command({
  name: "demo",
  description:
    "Make phantom data, train, predict, evaluate, export and bench: the whole chain in less than three minutes",
  arguments: {
    out: option({
      long: "out",
      type: outputFolder,
      default: "seg-demo",
      description: "folder for everything",
    }),
    seed: option({
      long: "seed",
      type: wholeNumber(0, 2 ** 31 - 1),
      default: 0,
      description: "seed of the data and of the training",
    }),
    epochs: option({
      long: "epochs",
      type: wholeNumber(1, 1000),
      default: 8,
      description: "epochs",
    }),
    force: flag({ long: "force", description: "overwrite an earlier demo" }),
  },
  examples: [
    { description: "in a folder of your choice", command: "seg demo --out /tmp/seg-demo" },
    { description: "once more, with other data", command: "seg demo --seed 1 --force" },
  ],
  stoppable: true,
  run: async (args, context) => {
    const { runDemo } = await import("./run_demo.ts");
    const { programVersion } = await import("./version.ts");
    const { countOf, formatDuration, formatNumber } = await import("../text.ts");
    const { model, exported, validation, seconds, latencyMs, report, picture } = await runDemo(
      { ...args, version: programVersion() },
      context,
    );
    const { out } = args;
    return {
      json: { model, exported, validation, seconds, latencyMs, report: report ?? null, picture },
      text: [
        `Dice ${formatNumber(validation.dice, 3)} and IoU ${formatNumber(validation.iou, 3)} on ${
          countOf(validation.cases, "case")
        } ` +
        `that the training did not see, in ${formatDuration(seconds)}`,
        `model        ${model}`,
        `picture      ${picture} (open it in a browser)`,
        `masks        ${out}/masks (with pictures: *_overlay.png)`,
        `scores       ${out}/scores/metrics.csv`,
        ...(report === undefined ? [] : [`report       ${report} (open it in a browser)`]),
        `for devices  ${exported} (${latencyMs.toFixed(1)} ms per slice here)`,
      ].join("\n"),
      next: "seg train DATASET, with a folder of your own data; seg check DATASET looks at it first",
    };
  },
});
