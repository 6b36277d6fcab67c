/** How a data set folder is read: what the user may choose, passed whole from the command line to the layout. */
import * as v from "valibot";
import type { Plane } from "../imaging/slices.ts";
import { listOf, someText } from "../schemas.ts";

/** The options by the names that they have in files. */
export interface DataReading {
  /** Overrules recognition. */
  readonly layout?: string | undefined;
  /** Names or indices; all where nothing is given. */
  readonly channels?: readonly (string | number)[] | undefined;
  /** Values, names, names of regions, or "whole"; all declared labels where nothing is given. */
  readonly labels?: readonly (string | number)[] | undefined;
  /** Label values to take for others, such as "4:3". */
  readonly map?: string | undefined;
  /** Names of label values (after `map`), such as "1:edema,2:core", in place of declared ones or beside them. */
  readonly names?: string | undefined;
  /** Masks are read as one label: values from here on are its voxels. */
  readonly maskThreshold?: number | undefined;
  /** Values (after `map`) or names of labels whose voxels are left out, besides a label that is called "ignore". */
  readonly ignore?: readonly (string | number)[] | undefined;
  /** A regular expression whose first group is the patient in the names of cases, and of PNG and TIFF slices. */
  readonly group?: string | undefined;
  /** Sizes in mm along columns, rows and, for stacks, slices: for PNG and TIFF, which carry none. */
  readonly spacingMm?: readonly number[] | undefined;
  /** Accept images and masks whose direction or origin differs. */
  readonly ignoreOrigin?: boolean | undefined;
  /** Plane of the slices; across the largest spacing where nothing is given. */
  readonly plane?: Plane | undefined;
}

const namesOrNumbers = listOf(v.union([v.string(), v.number()], "a text or a number"));

/** What {@link DataReading} must be in files. */
export const dataReadingSchema = v.object(
  {
    layout: v.optional(someText()),
    channels: v.optional(namesOrNumbers),
    labels: v.optional(namesOrNumbers),
    map: v.optional(someText()),
    names: v.optional(someText()),
    maskThreshold: v.optional(v.number("a number")),
    ignore: v.optional(namesOrNumbers),
    group: v.optional(someText()),
    spacingMm: v.optional(listOf(v.number("a size in mm"))),
    ignoreOrigin: v.optional(v.boolean()),
    plane: v.optional(v.picklist(["axial", "coronal", "sagittal"], "one of axial, coronal, sagittal")),
  } satisfies Readonly<Record<keyof DataReading, v.GenericSchema>>,
);

/** Names of the options. */
export const DATA_READING_NAMES = Object.keys(dataReadingSchema.entries) as readonly (keyof DataReading)[];
