/** How a data set folder is read: what the user may choose, passed whole from the command line to the layout. */
import * as v from "valibot";
import { listOf, someText } from "../schemas.ts";

const namesOrNumbers = listOf(v.union([v.string(), v.number()], "a text or a number"));

/** The options by the names that they have in files. */
export const DataReading = v.object({
  /** Overrules recognition. */
  layout: v.optional(someText()),
  /** Names or indices; all where nothing is given. */
  channels: v.optional(namesOrNumbers),
  /** Values, names, names of regions, or "whole"; all declared labels where nothing is given. */
  labels: v.optional(namesOrNumbers),
  /** Label values to take for others, such as "4:3". */
  map: v.optional(someText()),
  /** Names of label values (after `map`), such as "1:edema,2:core", in place of declared ones or beside them. */
  names: v.optional(someText()),
  /** Masks are read as one label: values from here on are its voxels. */
  maskThreshold: v.optional(v.number("a number")),
  /** Values (after `map`) or names of labels whose voxels are left out, besides a label that is called "ignore". */
  ignore: v.optional(namesOrNumbers),
  /** A regular expression whose first group is the patient in the names of cases, and of PNG and TIFF slices. */
  group: v.optional(someText()),
  /** Sizes in mm along columns, rows and, for stacks, slices: for PNG and TIFF, which carry none. */
  spacingMm: v.optional(listOf(v.number("a size in mm"))),
  /** Accept images and masks whose direction or origin differs. */
  ignoreOrigin: v.optional(v.boolean()),
  /** Plane of the slices; across the largest spacing where nothing is given. */
  plane: v.optional(v.picklist(["axial", "coronal", "sagittal"], "one of axial, coronal, sagittal")),
});

export type DataReading = Readonly<v.InferOutput<typeof DataReading>>;

/** Names of the options. */
export const DATA_READING_NAMES = Object.keys(DataReading.entries) as readonly (keyof DataReading)[];
