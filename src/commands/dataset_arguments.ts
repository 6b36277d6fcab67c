/** The options that say how a data set folder is to be read. */
import { flag, optional } from "cmd-ts";
import { LAYOUT_NAMES } from "../data/layouts/layouts.ts";
import { list, oneWordOf, textType } from "./arguments.ts";
import { option } from "./option.ts";

export const datasetOptions = {
  layout: option({
    long: "layout",
    type: optional(oneWordOf(LAYOUT_NAMES)),
    description: `layout of the data set folder: ${LAYOUT_NAMES.slice(0, -1).join(", ")} or ${
      LAYOUT_NAMES.at(-1)
    } (recognized)`,
  }),
  map: option({
    long: "map",
    type: optional(textType("a:b,…", "pairs of label values", (text) => text)),
    description: "take label values for others, e.g. 4:3",
  }),
  ignore: option({
    long: "ignore",
    type: optional(list),
    description: 'label values or names whose voxels are left out of losses and scores ("ignore", where there is one)',
  }),
  group: option({
    long: "group",
    type: optional(textType("pattern", "a regular expression", (text) => text)),
    description:
      "regular expression whose first group is the patient in a case's name, and in those of PNG and TIFF slices",
  }),
  spacingMm: option({
    long: "spacing",
    type: optional(textType("x,y,z", "sizes in mm", (text) => {
      const sizes = text.split(",").map(Number);
      if (sizes.length < 2 || sizes.length > 3 || !sizes.every((size) => size > 0 && Number.isFinite(size))) {
        throw new Error(`found ${JSON.stringify(text)}, expected two or three sizes in mm such as 0.5,0.5,3`);
      }
      return sizes;
    })),
    description: "for PNG and TIFF slices: sizes of columns, rows and slices in mm",
  }),
  ignoreOrigin: flag({ long: "ignore-origin", description: "accept masks whose origin or direction differs" }),
};
