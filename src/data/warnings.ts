/** What makes a data set harder than it looks: the W codes of the check. */
import { countOf, formatPercent } from "../text.ts";
import type { CaseStatistics } from "./case_statistics.ts";
import type { DatasetIndex } from "./dataset.ts";
import type { Finding } from "./finding.ts";
import { formatSpacing } from "./geometry.ts";
import type { Split } from "./splits.ts";

/** A voxel size this many times the median, or the median this many times it, is an outlier. */
const SPACING_RATIO = 2;
const FEW_VALIDATION_CASES = 5;
/** The default of --output-size. */
const LARGEST_OUTPUT = 256;

/** W01 empty masks, W02 constant images, W03 mixed orientations, W04 unusual voxel sizes, W10 headers in metres or microns. */
export function warnAboutCases(index: DatasetIndex, statistics: readonly CaseStatistics[]): Finding[] {
  return [
    ...emptyMasks(statistics),
    ...constantImages(index, statistics),
    ...mixedOrientations(index, statistics),
    ...unusualSpacings(statistics),
    ...foreignUnits(statistics),
  ];
}

/** W05 classes that a fold's validation cases lack, W06 few validation cases. */
export function warnAboutFolds(
  index: DatasetIndex,
  { statistics, splits }: { statistics: readonly CaseStatistics[]; splits: readonly Split[] },
): Finding[] {
  const byId = new Map(statistics.map((one) => [one.id, one]));
  const findings: Finding[] = [];
  splits.forEach((split, fold) => {
    const absent = index.labels.filter((_, label) =>
      !split.val.some((id) => (byId.get(id)?.classVoxels[label] ?? 0) > 0)
    );
    if (absent.length > 0) {
      findings.push({
        code: "W05",
        file: `fold ${fold}`,
        found: `no voxel of ${absent.map((label) => label.name).join(", ")} in its ${
          countOf(split.val.length, "validation case")
        }`,
        expected: "every class in every fold",
        remedy: "use fewer --folds or another --seed, or do not score the class in this fold",
      });
    }
  });
  const smallest = Math.min(...splits.map((split) => split.val.length));
  if (smallest < FEW_VALIDATION_CASES) {
    findings.push({
      code: "W06",
      file: splits.length > 1 ? `fold ${splits.findIndex((split) => split.val.length === smallest)}` : "given split",
      found: countOf(smallest, "validation case"),
      expected: `at least ${FEW_VALIDATION_CASES}`,
      remedy: "use fewer --folds, or score all folds together: the mean of a few cases says little",
    });
  }
  return findings;
}

/**
 * W08 for every class with regions in slices that cover less than one pixel of the network's input.
 *
 * Slices are padded to squares, so that a pixel of an N×N input covers (side / N)².
 */
export function warnAboutSmallLesions(
  index: DatasetIndex,
  { statistics, inputSize }: { statistics: readonly CaseStatistics[]; inputSize: number },
): Finding[] {
  return index.labels.flatMap((label, position) => {
    let [small, all, smallMm2, allMm2, neededSize] = [0, 0, 0, 0, 0];
    let worst: CaseStatistics | undefined;
    for (const one of statistics) {
      const pixelMm2 = (one.sliceSideMm / inputSize) ** 2;
      for (const areaMm2 of one.lesionAreasMm2[position] ?? []) {
        all++;
        allMm2 += areaMm2;
        // The factor keeps regions of exactly one pixel out, whatever the rounding.
        if (areaMm2 >= pixelMm2 * (1 - 1e-9)) continue;
        small++;
        smallMm2 += areaMm2;
        const needed = Math.ceil(one.sliceSideMm / Math.sqrt(areaMm2) - 1e-9);
        if (needed > neededSize) [neededSize, worst] = [needed, one];
      }
    }
    if (!worst) return [];
    const pixel = Number((worst.sliceSideMm / inputSize).toFixed(2));
    const unit = worst.spacingKnown ? "mm" : "px";
    // All networks take powers of two from 32 on, and no head answers on a smaller square than it reads.
    const size = Math.max(32, 2 ** Math.ceil(Math.log2(neededSize)));
    const sizes = `${size}${size > LARGEST_OUTPUT ? ` with --output-size ${size}` : ""}`;
    const share = `${formatPercent(small / all)}, together ${formatPercent(smallMm2 / allMm2)} of its area`;
    return [{
      code: "W08" as const,
      file: worst.maskFile,
      found: `${small} of ${all} regions of ${label.name} in slices (${share}) smaller than one network pixel, ` +
        `which here covers ${pixel}×${pixel} ${unit}`,
      expected: `regions of at least one pixel of a ${inputSize}×${inputSize} input`,
      remedy: `use a larger --input-size (${sizes} for the smallest) or expect them to be missed`,
    }];
  });
}

function emptyMasks(statistics: readonly CaseStatistics[]): Finding[] {
  const empty = statistics.filter((one) => one.classVoxels.every((voxels) => voxels === 0));
  const [first] = empty;
  return first
    ? [{
      code: "W01",
      file: first.maskFile,
      found: `${empty.length} of ${statistics.length} cases with an empty mask: ${listed(empty.map((one) => one.id))}`,
      expected: "something to find in every case",
      remedy: "make sure that they are healthy and not unfinished",
    }]
    : [];
}

function constantImages(index: DatasetIndex, statistics: readonly CaseStatistics[]): Finding[] {
  return statistics.flatMap((one) =>
    one.constantChannels.map((channel) => ({
      code: "W02" as const,
      file: one.file,
      found: `one single value in channel ${index.channels[channel]}`,
      expected: "an image",
      remedy: "export the image again or remove the case",
    }))
  );
}

function mixedOrientations(index: DatasetIndex, statistics: readonly CaseStatistics[]): Finding[] {
  const histogram = orientationHistogram(statistics);
  const [common, ...rare] = Object.entries(histogram).sort((a, b) => b[1] - a[1]);
  if (!common || rare.length === 0) return [];
  const example = statistics.find((one) => one.orientation !== undefined && one.orientation !== common[0]);
  return [{
    code: "W03",
    file: example?.file ?? index.root,
    found: `orientations ${[common, ...rare].map(([codes, count]) => `${codes} (${count})`).join(", ")}`,
    expected: "one orientation",
    remedy: "check that the headers are right: all are turned to one orientation by what they say",
  }];
}

/** Number of cases by axis codes such as RAS; cases without orientation do not count. */
export function orientationHistogram(statistics: readonly CaseStatistics[]): Record<string, number> {
  const histogram: Record<string, number> = {};
  for (const { orientation } of statistics) {
    if (orientation !== undefined) histogram[orientation] = (histogram[orientation] ?? 0) + 1;
  }
  return histogram;
}

function unusualSpacings(statistics: readonly CaseStatistics[]): Finding[] {
  const known = statistics.filter((one) => one.spacingKnown);
  const medians = [0, 1, 2].map((axis) => median(known.map((one) => one.canonicalSpacingMm[axis] as number)));
  return known.flatMap((one) => {
    const isUnusual = one.canonicalSpacingMm.some((size, axis) => {
      const ratio = size / (medians[axis] as number);
      return ratio > SPACING_RATIO || ratio < 1 / SPACING_RATIO;
    });
    return isUnusual
      ? [{
        code: "W04" as const,
        file: one.file,
        found: `voxels of ${formatSpacing(one.canonicalSpacingMm)} mm`,
        expected: `about ${formatSpacing(medians)} mm as in the other cases`,
        remedy: "check the header: scores in mm depend on it",
      }]
      : [];
  });
}

function foreignUnits(statistics: readonly CaseStatistics[]): Finding[] {
  const foreign = statistics.filter(({ foreignUnit }) => foreignUnit !== undefined);
  const [first] = foreign;
  if (!first) return [];
  return [{
    code: "W10",
    file: first.file,
    found: `lengths in ${first.foreignUnit} in the headers of ${countOf(foreign.length, "case")}`,
    expected: `mm; they were converted, so that voxels here are of ${formatSpacing(first.spacingMm)} mm`,
    remedy: "correct xyzt_units of the headers if their numbers are mm",
  }];
}

/** The middle value, or the lower of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;
}

function listed(ids: readonly string[]): string {
  return ids.slice(0, 8).join(", ") + (ids.length > 8 ? ` and ${ids.length - 8} more` : "");
}
