/** The options that say how a data set folder is to be read. */
import { flag, grouped, option, type ValueType } from "../command_line/option.ts";
import { found, list, oneWordOf, plainText, realNumber } from "../command_line/types.ts";
import { LAYOUT_NAMES } from "../data/layouts/names.ts";

const sizesMm: ValueType<number[]> = {
  placeholder: "X,Y,Z",
  example: "0.5,0.5,3",
  read(text) {
    const sizes = text.split(",").map(Number);
    if (sizes.length < 2 || sizes.length > 3 || !sizes.every((size) => size > 0 && Number.isFinite(size))) {
      throw new Error(`${found(text)}, expected two or three sizes in mm such as 0.5,0.5,3`);
    }
    return sizes;
  },
};

export const datasetOptions = grouped("Data set", {
  layout: option({
    long: "layout",
    type: oneWordOf(LAYOUT_NAMES),
    description: `layout of the data set folder: ${LAYOUT_NAMES.slice(0, -1).join(", ")} or ${LAYOUT_NAMES.at(-1)}`,
    otherwise: "recognized",
  }),
  map: option({
    long: "map",
    type: plainText("A:B,…", "4:3"),
    description: "take label values for others, e.g. 4:3",
  }),
  names: option({
    long: "names",
    type: plainText("VALUE:NAME,…", "1:edema,2:core"),
    description: "names of label values, in place of declared ones or beside them, e.g. 4:cavity",
  }),
  maskThreshold: option({
    long: "mask-threshold",
    type: realNumber(0, Infinity, { open: true }),
    description: "for masks with grey edges or probabilities: values from here on are the one label",
    otherwise: "masks hold whole label values",
  }),
  ignore: option({
    long: "ignore",
    type: list,
    description: "label values or names whose voxels are left out of losses and scores",
    otherwise: '"ignore", where there is one',
  }),
  group: option({
    long: "group",
    type: plainText("PATTERN", "'(.*)_\\d+$'"),
    description:
      "regular expression whose first group is the patient in a case's name, and in those of PNG and TIFF slices",
  }),
  spacingMm: option({
    long: "spacing",
    type: sizesMm,
    description: "for PNG and TIFF slices: sizes of columns, rows and slices in mm",
  }),
  ignoreOrigin: flag({ long: "ignore-origin", description: "accept masks whose origin or direction differs" }),
});

/** `--channels`. */
export const channelsOption = option({
  long: "channels",
  type: list,
  description: "channels by number or name, e.g. 0,1",
  otherwise: "all",
});

/** `--labels`. */
export const labelsOption = option({
  long: "labels",
  type: list,
  description: 'labels by value or name, or "whole"',
  otherwise: "all",
});

/** `--plane`. */
export const planeOption = option({
  long: "plane",
  type: oneWordOf(["axial", "coronal", "sagittal"]),
  description: "plane of the slices: axial, coronal or sagittal",
  otherwise: "across the largest spacing",
});
