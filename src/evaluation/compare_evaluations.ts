/** Compares this evaluation with an earlier one, patient by patient. */
import { Failure } from "../failure.ts";
import { patientValues, type ScoredCase } from "../metrics/aggregate.ts";
import { comparePaired, type PairedComparison } from "../metrics/compare.ts";
import { type HeadingConventions, headingOf } from "../metrics/score.ts";
import { type ScoreName, TABLE_SCORES } from "../metrics/scores.ts";
import { alignColumns, formatInterval, formatSigned } from "../text.ts";

/** Leading scores have a value for failures: distances of hits alone would leave out what one of the two misses. */
const COMPARED = TABLE_SCORES.filter(({ leading }) => leading);

/** Differences by class and score: this minus the other. */
export type Comparison = Readonly<Record<string, Partial<Record<ScoreName, PairedComparison>>>>;

/**
 * Compares in every class and score that both have.
 *
 * @throws {Failure} where they have no class or no patient in common.
 */
export function compareEvaluations(
  scored: readonly ScoredCase[],
  other: readonly ScoredCase[],
  path: string,
): Comparison {
  const classesOf = (cases: readonly ScoredCase[]) =>
    new Set(cases.flatMap(({ rows }) => rows.map((row) => row.class)));
  const theirs = classesOf(other);
  const common = [...classesOf(scored)].filter((label) => theirs.has(label));
  const comparison: Record<string, Partial<Record<ScoreName, PairedComparison>>> = {};
  for (const label of common) {
    const ofClass: Partial<Record<ScoreName, PairedComparison>> = {};
    for (const { name } of COMPARED) {
      const wanted = { class: label, score: name };
      const result = comparePaired(patientValues(other, wanted), patientValues(scored, wanted));
      if (result.n > 0) ofClass[name] = result;
    }
    if (Object.keys(ofClass).length > 0) comparison[label] = ofClass;
  }
  if (Object.keys(comparison).length === 0) {
    throw new Failure(
      `${path} has no class and patient in common with this evaluation; compare scores of one data set`,
    );
  }
  return comparison;
}

/** A table with a line per class and score, and a line on what its columns are. */
export function comparisonLines(
  comparison: Comparison,
  conventions: HeadingConventions & { readonly columns?: number | undefined },
): string[] {
  const rows = Object.entries(comparison).flatMap(([label, scores]) =>
    COMPARED.flatMap((score) => {
      const compared = scores[score.name];
      if (compared === undefined) return [];
      const { n, meanDifference, meanInterval, wilcoxon, higher, equal, lower } = compared;
      const [better, worse] = score.direction === "more" ? [higher, lower] : [lower, higher];
      const interval = formatInterval(meanInterval, 3, formatSigned);
      const states = [better, equal, worse].map(String);
      return [[
        label,
        headingOf(score, conventions),
        formatSigned(meanDifference, 3),
        interval,
        ...states,
        String(n),
        wilcoxon.pValue.toPrecision(2),
      ]];
    })
  );
  const heading = ["class", "score", "difference", "95 % interval", "better", "equal", "worse", "n", "p"];
  return [
    alignColumns([heading, ...rows], { left: 2, columns: conventions.columns }),
    "Difference: mean over patients, BCa bootstrap; better, equal, worse: patients of n; p: Wilcoxon's signed-rank test",
  ];
}
