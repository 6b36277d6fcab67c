/** What is done to masks after the network: the clean-up, and averaging before it. */
import { flag, optional } from "cmd-ts";
import { realNumber } from "./arguments.ts";
import { option } from "./option.ts";

export const maskOptions = {
  threshold: option({
    long: "threshold",
    type: optional(realNumber(0, 1)),
    description: "probability from which on a voxel belongs to a class (the model's own)",
  }),
  mirror: flag({
    long: "mirror",
    description: "average with the left-right mirror image, for models trained with it; takes twice the time",
  }),
  fillHoles: flag({ long: "fill-holes", description: "fill holes inside of masks" }),
  minimumVolumeMl: option({
    long: "minimum-volume-ml",
    type: optional(realNumber(0)),
    description: "remove connected parts of a class that are smaller, in ml, e.g. 0.05",
  }),
  largestComponent: flag({
    long: "largest-component",
    description: "keep the largest connected part of every class alone",
  }),
};
