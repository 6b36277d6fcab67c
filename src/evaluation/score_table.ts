/** The table of an evaluation for people: classes below each other, scores beside each other, with the states of the cases. */
import type { Summary } from "../metrics/aggregate.ts";
import type { CaseScores } from "../metrics/case_scores.ts";
import { type HeadingConventions, headingOf } from "../metrics/score.ts";
import { type NamedScore, TABLE_SCORES } from "../metrics/scores.ts";
import { countOf, formatInterval, formatNumber, NO_VALUE } from "../text.ts";

/**
 * Rows for a table, the heading first: the classes, then their mean. Dice has its interval; a mean of fewer patients than there are
 * has its number in parentheses, and a mean over classes those that have a value. The states of the mean count each class of each case.
 *
 * @param options.every shows all scores that there are, not the main ones alone.
 * @param options.only shows no others than those that it accepts.
 */
export function evaluationRows(
  summary: Summary,
  options: HeadingConventions & {
    readonly every?: boolean;
    readonly only?: ((score: NamedScore) => boolean) | undefined;
  },
): string[][] {
  const { every, only } = options;
  const shown = TABLE_SCORES.filter((score) =>
    summary.mean[score.name] !== undefined && (only?.(score) ?? (every || score.main))
  );
  const hasDice = summary.mean.dice !== undefined && only === undefined;
  const states = ["hit", "missed", "false alarm", "true empty"];
  const heading = [
    "class",
    "n",
    ...shown.map((score) => headingOf(score, options)),
    ...(hasDice ? ["Dice pooled"] : []),
    ...states,
  ];
  const rows = Object.entries(summary.perClass).map(([label, { counts, scores, dicePooled }]) => [
    label,
    String(summary.patients),
    ...shown.map(({ name, digits }) => {
      const score = scores[name];
      const few = score !== undefined && score.n < summary.patients ? ` (${score.n})` : "";
      return formatNumber(score?.mean, digits) + (name === "dice" ? interval(score?.meanInterval) : "") + few;
    }),
    ...(hasDice ? [formatNumber(dicePooled, 3)] : []),
    ...[counts.hit, counts.missed, counts.falseAlarm, counts.trueEmpty].map(String),
  ]);
  if (rows.length > 1) {
    const { hit, missed, falseAlarm, trueEmpty } = summary.counts;
    const classes = rows.length;
    rows.push([
      "mean",
      String(summary.patients),
      ...shown.map(({ name, digits }) => {
        const score = summary.mean[name];
        if (score === undefined) return NO_VALUE;
        const gaps = [
          ...(score.n < summary.patients ? [String(score.n)] : []),
          ...(score.classes < classes ? [countOf(score.classes, "class", "classes")] : []),
        ];
        const few = gaps.length === 0 ? "" : ` (${gaps.join(", ")})`;
        return formatNumber(score.mean, digits) + (name === "dice" ? interval(score.meanInterval) : "") + few;
      }),
      ...(hasDice ? [formatNumber(summary.dicePooled, 3)] : []),
      ...[hit, missed, falseAlarm, trueEmpty].map(String),
    ]);
  }
  return [heading, ...rows];
}

function interval(ends: readonly [number, number] | null | undefined): string {
  return ends == null ? "" : ` ${formatInterval(ends, 3)}`;
}

const EMPTY_RULES: Readonly<Record<CaseScores["emptyRule"], string>> = {
  nnunet: "both empty: left out; missed and false alarm: Dice 0",
  one: "both empty: Dice 1; missed and false alarm: Dice 0",
  monai: "both empty and false alarm: left out; missed: Dice 0",
  brats: "both empty: Dice 1, distance 0; missed and false alarm: Dice 0, distance the image diagonal",
};

const HD95_VARIANTS: Readonly<Record<CaseScores["hd95Variant"], string>> = {
  max: "the larger of the two directed 95th percentiles",
  pooled: "the 95th percentile of both directions together",
  surfel: "the larger of the two distances within which 95 % of the surface area lies",
};

/** What the numbers of the table mean, a line each. */
export function conventionLines(
  summary: Summary,
  { emptyRule, hd95Variant }: Pick<CaseScores, "emptyRule" | "hd95Variant">,
): string[] {
  const { hd95, dice } = summary.mean;
  const hasGaps = Object.values(summary.perClass).some(({ scores }) =>
    Object.values(scores).some(({ n }) => n < summary.patients)
  );
  return [
    `Empty masks: rule ${emptyRule} (${EMPTY_RULES[emptyRule]})`,
    ...(hd95 === undefined ? [] : [
      `HD95: ${HD95_VARIANTS[hd95Variant]}` +
      (emptyRule === "brats" ? "" : ", over hits; penalized: missed and false alarm count the image diagonal"),
    ]),
    ...(dice === undefined ? [] : ["Dice pooled: of the voxels of all cases together, as training logs show it"]),
    ...(hasGaps ? ["(n) behind a mean: only n patients have a value"] : []),
    ...(Object.keys(summary.perClass).length > 1
      ? ["States of the mean: case × class, each class of each case by itself"]
      : []),
  ];
}
