/** One fault of a data set, with what a person needs to mend it. */
import { Failure } from "../failure.ts";
import { shellLine } from "../shell_words.ts";
import { shownText } from "../shown.ts";

/** E = the data set cannot be used as it is; W = it can, but the result may surprise. */
export type FindingCode =
  /** Missing label. */
  | "E01"
  /** Label without an image. */
  | "E02"
  /** Unreadable or truncated file. */
  | "E03"
  /** Shapes differ. */
  | "E04"
  /** Voxel sizes differ. */
  | "E05"
  /** Direction or origin differs. */
  | "E06"
  /** Channels missing, or of different geometry. */
  | "E07"
  /** Label value that nobody declared. */
  | "E08"
  /** NaN or infinite intensity. */
  | "E09"
  /** Case (or patient) in two splits. */
  | "E10"
  /** The same image twice. */
  | "E11"
  /** Case id empty or repeated. */
  | "E12"
  /** Mask with fractions or with lossy compression. */
  | "E13"
  /** Empty masks. */
  | "W01"
  /** Constant image. */
  | "W02"
  /** Mixed orientations. */
  | "W03"
  /** Voxel size far from the others. */
  | "W04"
  /** Class absent in the validation part of a fold. */
  | "W05"
  /** Few validation cases. */
  | "W06"
  /** Slices of one group in two splits. */
  | "W07"
  /** Lesions smaller than one network pixel. */
  | "W08"
  /** Names that look like several scans of one patient. */
  | "W09"
  /** Headers in metres or microns. */
  | "W10"
  /** Image files that no case takes. */
  | "W11";

/** A fault: where, what was found, what was expected, what to do. `file` is relative to the data set folder. */
export interface Finding {
  readonly code: FindingCode;
  readonly file: string;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}

/** The finding as one sentence without a final period. */
export function findingSentence(finding: Finding): string {
  // Names of files and labels, of which somebody else decides how long they are.
  const [file, found, expected, remedy] = [finding.file, finding.found, finding.expected, finding.remedy].map((text) =>
    text.length <= LONGEST_PART ? text : shownText(text, LONGEST_PART)
  );
  return `${file}: found ${found}, expected ${expected}; ${remedy}`;
}

const LONGEST_PART = 240;

/** About three lines of a terminal. */
const LONGEST_SUMMARY = 220;

/** The finding in at most three lines: what was found and the remedy, or where the whole sentence is. */
export function findingSummary(finding: Finding, dataset: string): string {
  const start = `${finding.code} ${finding.file}: found ${finding.found}`;
  const whole = `${start}; ${finding.remedy}`;
  if (whole.length <= LONGEST_SUMMARY) return whole;
  const end = `; ${shellLine(["seg", "check", dataset])} tells all`;
  return shownText(start, Math.max(80, LONGEST_SUMMARY - end.length)) + end;
}

/** Carries a finding out of a function that cannot go on. */
export class FindingFailure extends Failure {
  override name = "FindingFailure";
  readonly finding: Finding;

  constructor(finding: Finding, options?: ErrorOptions) {
    super(findingSentence(finding), options);
    this.finding = finding;
  }
}

/** True for the codes that make a data set unusable. */
export function isError(finding: Finding): boolean {
  return finding.code.startsWith("E");
}

/** E01: an image whose mask is not there. */
export function missingMask(image: string, mask: string): Finding {
  return {
    code: "E01",
    file: image,
    found: "no mask for this image",
    expected: mask,
    remedy: "add the mask or move the image away",
  };
}

/** E02: a mask whose image is not there. */
export function missingImage(mask: string, image: string): Finding {
  return {
    code: "E02",
    file: mask,
    found: "no image for this mask",
    expected: image,
    remedy: "add the image or move the mask away",
  };
}

/** E12: a case id that is empty or used twice. */
export function repeatedId(file: string, id: string): Finding {
  return {
    code: "E12",
    file,
    found: id === "" ? "an empty case id" : `case id ${id} for the second time`,
    expected: "one case per id",
    remedy: "rename one of the files or remove the copy",
  };
}
