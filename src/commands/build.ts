/** `seg build`: an untrained network as ONNX. */
import { command, optional } from "cmd-ts";
import { UsageFailure } from "../failure.ts";
import { alignColumns, formatCount, formatFlops } from "../text.ts";
import { forceFlag, jsonFlag, oneWordOf, outputFile, wholeNumber } from "./arguments.ts";
import type { Job } from "./job.ts";
import { netOptions } from "./net_arguments.ts";
import { option } from "./option.ts";

export const build = command({
  name: "seg build",
  description: "Write an untrained network as ONNX, to measure it before anything is trained",
  args: {
    ...netOptions,
    channels: option({
      long: "channels",
      type: { ...wholeNumber(1, 1024), defaultValue: () => 1 },
      description: "channels of the images (1)",
    }),
    classes: option({
      long: "classes",
      type: { ...wholeNumber(1, 255), defaultValue: () => 1 },
      description: "classes besides the background (1)",
    }),
    activation: option({
      long: "activation",
      type: optional(oneWordOf(["sigmoid", "softmax"])),
      description: "how classes are decided (sigmoid for 1 class, softmax for more)",
    }),
    seed: option({
      long: "seed",
      type: { ...wholeNumber(0, 2 ** 32 - 1), defaultValue: () => 0 },
      description: "seed of the initial weights (0)",
    }),
    out: option({ long: "out", type: optional(outputFile(".onnx")), description: "file to write (<net>.onnx)" }),
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    { description: "J-Net of half the width", command: "seg build --net j-net --width 8 --out small.onnx" },
    { description: "four channels, three classes", command: "seg build --channels 4 --classes 3 --out tumour.onnx" },
  ],
  handler: (args): Job => ({
    json: args.json,
    run: async () => {
      const { buildModel } = await import("../model/build.ts");
      const { refuseExisting, writeFileAtomic } = await import("../files.ts");
      const { programVersion } = await import("./version.ts");
      const model = args.out ?? `${args.net}.onnx`;
      refuseExisting(model, args.force);
      const built = usageOf(() => buildModel({ ...args, version: programVersion() }));
      writeFileAtomic(model, built.bytes);
      const { parameters, flops, kernels, nodes, head } = built;
      return {
        json: {
          model,
          parameters,
          headParameters: head.parameters,
          flops,
          headFlops: head.flops,
          nodes,
          kernels,
          headKernels: head.kernels,
        },
        text: `${model}: ${nodes} nodes\n${
          alignColumns([
            ["", "network", "of which head"],
            ["parameters", formatCount(parameters), formatCount(head.parameters)],
            ["work per image", formatFlops(flops), formatFlops(head.flops)],
            ["kernels of an engine", String(kernels), String(head.kernels)],
          ])
        }`,
        next: `seg bench ${model}`,
      };
    },
  }),
});

/** Sizes that do not fit a network are wrong arguments. */
function usageOf<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? new UsageFailure(error.message, { cause: error }) : error;
  }
}
