/** `seg build`: an untrained network as ONNX. */
import { command } from "../command_line/command.ts";
import { nextLine } from "../command_line/next_line.ts";
import { option } from "../command_line/option.ts";
import { oneWordOf, outputFile, wholeNumber } from "../command_line/types.ts";
import { forceFlag } from "./shared_options.ts";
import { alignColumns, formatCount, formatFlops } from "../text.ts";
import { UsageFailure } from "../failure.ts";
import { netOptions } from "./net_options.ts";

export const build = command({
  name: "build",
  description: "Write an untrained network as ONNX, to measure it before anything is trained",
  arguments: {
    ...netOptions,
    channels: option({
      long: "channels",
      type: wholeNumber(1, 1024),
      default: 1,
      description: "channels of the images",
    }),
    classes: option({
      long: "classes",
      type: wholeNumber(1, 255),
      default: 1,
      description: "classes besides the background",
    }),
    activation: option({
      long: "activation",
      type: oneWordOf(["sigmoid", "softmax"]),
      description: "how classes are decided",
      otherwise: "sigmoid for 1 class, softmax for more",
    }),
    seed: option({
      long: "seed",
      type: wholeNumber(0, 2 ** 32 - 1),
      default: 0,
      description: "seed of the initial weights",
    }),
    out: option({ long: "out", type: outputFile(".onnx"), description: "file to write", otherwise: "<net>.onnx" }),
    force: forceFlag,
  },
  rules: [
    {
      mode: "with --head none",
      when: ({ head }) => head === "none",
      refuses: ["outputSize"],
      because: "the network writes what it reads",
    },
  ],
  examples: [
    { description: "J-Net of half the width", command: "seg build --net j-net --width 8 --out small.onnx" },
    { description: "four channels, three classes", command: "seg build --channels 4 --classes 3 --out tumour.onnx" },
  ],
  run: async (args) => {
    const { buildModel } = await import("../model/build.ts");
    const { refuseExisting, writeFileAtomic } = await import("../files.ts");
    const { programVersion } = await import("./version.ts");
    const model = args.out ?? `${args.net}.onnx`;
    refuseExisting(model, args.force);
    const built = usageOf(() => buildModel({ ...args, version: programVersion() }));
    writeFileAtomic(model, built.bytes);
    const { parameters, flops, kernels, nodes, head } = built;
    const { estimateModel } = await import("../deployment/for_target.ts");
    const { modelOf } = await import("../model/model.ts");
    const { estimateText } = await import("../tensorrt/clock.ts");
    const { findTarget } = await import("../tensorrt/targets.ts");
    const estimate = estimateModel(modelOf(model, built.bytes), { target: findTarget("nano") });
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
        ...(estimate && { estimate }),
      },
      text: `${model}: ${nodes} nodes\n${
        alignColumns([
          ["", "network", "of which head"],
          ["parameters", formatCount(parameters), formatCount(head.parameters)],
          ["work per image", formatFlops(flops), formatFlops(head.flops)],
          ["kernels of an engine", String(kernels), String(head.kernels)],
        ])
      }${estimate === undefined ? "" : `\nOn a Jetson Nano ${estimateText(estimate)}`}`,
      next: nextLine(["seg", "bench", model]),
    };
  },
});

/** Sizes that do not fit a network are wrong arguments. */
function usageOf<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? new UsageFailure(error.message, { cause: error }) : error;
  }
}
