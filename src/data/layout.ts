/** What every data set layout says of itself, and what reading one yields. */
import type { Finding } from "./finding.ts";
import type { Folder } from "./folder.ts";

/** One layout: how it is recognized and how its folder becomes a list of cases. */
export interface Layout {
  /** One line for messages: what the layout looks like. */
  readonly looksLike: string;
  /** `dataset.json` states it: it comes before layouts that file names suggest. */
  readonly isStated?: boolean;
  /** What speaks for this layout, or undefined. */
  recognize(folder: Folder): string | undefined;
  /** Reads names only, no image content. */
  read(folder: Folder, options?: ReadOptions): LayoutIndex;
}

/** Options that the files of a data set do not answer. */
export interface ReadOptions {
  /** Captures the patient in the names of single slices. */
  readonly group?: RegExp | undefined;
}

/** Image and mask of one slice. */
export interface SliceFiles {
  readonly image: string;
  readonly mask: string;
}

/** The files of one case. Paths are relative to the data set folder, with "/". */
export interface CaseFiles {
  readonly id: string;
  /** Cases of one patient stay on one side of a split. */
  readonly patient: string;
  /** One file per channel in the order of the channels, or one file with all of them; empty where there are `slices`. */
  readonly images: readonly string[];
  readonly mask?: string;
  /** A volume that lies in the folder as single slices, in order along z. */
  readonly slices?: readonly SliceFiles[];
}

/** A case as its layout finds it: `patient` only where something besides the id tells it. */
export type LayoutCase = Omit<CaseFiles, "patient"> & { readonly patient?: string };

/** A label value of the mask files and its name. */
export interface LabelDeclaration {
  readonly value: number;
  readonly name: string;
}

/** Label values that together form something of interest, such as the whole tumour. */
export interface Region {
  readonly name: string;
  readonly values: readonly number[];
  /** What is written for it into masks, where the data set says so. */
  readonly value?: number;
}

/** Case ids of a split that the data set itself gives. */
export interface GivenSplits {
  readonly train: readonly string[];
  readonly val: readonly string[];
  readonly test: readonly string[];
}

/** A data set folder read by its layout, before anything is chosen from it. */
export interface LayoutIndex {
  /** Names of the channels in the files; undefined where only the image files tell. */
  readonly channels?: readonly string[];
  /** Without background; undefined where only the mask files tell. */
  readonly labels?: readonly LabelDeclaration[];
  /** The labels are those of the challenge's year, not of a file: `--labels` may name further values. */
  readonly labelsByConvention?: boolean;
  /** Other conventions of the challenge, to be taken where the masks hold values that the labels do not name. */
  readonly otherConventions?: readonly {
    readonly labels: readonly LabelDeclaration[];
    readonly regions: readonly Region[];
  }[];
  readonly regions: readonly Region[];
  /** The regions are the classes where nothing else is asked for. */
  readonly regionsAreClasses?: boolean;
  /** Complete cases only. */
  readonly cases: readonly LayoutCase[];
  readonly givenSplits?: GivenSplits;
  /** Missing and orphaned files, repeated ids, and the like. */
  readonly findings: readonly Finding[];
}
