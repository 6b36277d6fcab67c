/** What is done to masks after the network: the clean-up, and averaging before it. */
import { flag, grouped, option } from "../command_line/option.ts";
import { realNumber } from "../command_line/types.ts";

export const maskOptions = grouped("Masks", {
  threshold: option({
    long: "threshold",
    type: realNumber(0, 1),
    description: "probability from which on a voxel belongs to a class",
    otherwise: "the model's own",
  }),
  mirror: flag({
    long: "mirror",
    description: "average with the left-right mirror image, for models trained with it; takes twice the time",
  }),
  fillHoles: flag({ long: "fill-holes", description: "fill holes inside of masks" }),
  minimumVolumeMl: option({
    long: "minimum-volume-ml",
    type: realNumber(0),
    description: "remove connected parts of a class that are smaller, in ml, e.g. 0.05",
  }),
  largestComponent: flag({
    long: "largest-component",
    description: "keep the largest connected part of every class alone",
  }),
});
