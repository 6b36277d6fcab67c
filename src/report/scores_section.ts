/** Means with their intervals, the states of the cases, and the difference to another model. */
import type { EvaluationFile } from "../evaluation/evaluation_file.ts";
import { conventionLines } from "../evaluation/score_table.ts";
import { patientValues, type ScoreSummary, type StateCounts } from "../metrics/aggregate.ts";
import { headingOf } from "../metrics/score.ts";
import { findScore, type NamedScore } from "../metrics/scores.ts";
import { countOf, formatCount, formatInterval, formatNumber } from "../text.ts";
import { dotChart, type DotRow } from "./dot_chart.ts";
import { type Content, markup } from "./markup.ts";
import { type Scores, shownScores, STATES } from "./scores.ts";
import { tableHtml } from "./table.ts";

/** Which cases were scored, in words. */
export function splitText({ split, cases, summary, missing }: Scores): string {
  const which = {
    val: "validation cases",
    all: "cases",
    "out-of-fold": "cases, each by the fold that left it out",
  }[split];
  const without = missing.length === 0 ? "" : `; ${missing.length} more have no prediction and are in no score`;
  const whose = cases.length === summary.patients ? "" : ` of ${countOf(summary.patients, "patient")}`;
  return `${cases.length} ${which}${whose}${without}`;
}

/** The part with the scores. */
export function scoresBody(scores: Scores, comparison?: EvaluationFile["comparison"]): Content {
  const { summary, conventions } = scores;
  const { ignoredVoxels = 0 } = conventions;
  const lines = [
    ...conventionLines(summary, conventions),
    ...(ignoredVoxels === 0 ? [] : [`${formatCount(ignoredVoxels)} voxels are left out by a label of the masks`]),
  ];
  return [
    markup`<p>${
      splitText(scores)
    }. Intervals are 95 % BCa bootstrap intervals of the mean over patients (${summary.intervals.draws} draws, seed ${summary.intervals.seed}).</p>`,
    summary.warnings.map((warning) => markup`<p class="notice">${warning}</p>`),
    diceChart(scores),
    meansTables(scores),
    markup`<p class="quiet">${lines.map((line) => [line, ". "])}</p>`,
    markup`<h3>Empty masks</h3>`,
    statesTable(scores),
    comparison && comparisonTable(scores, comparison),
  ];
}

function diceChart({ cases, summary }: Scores): Content {
  if (summary.mean.dice === undefined) return undefined;
  const rows = Object.entries(summary.perClass).slice(0, 24).map(([label, { scores: { dice } }]): DotRow => {
    const values = patientValues(cases, { class: label, score: "dice" });
    return {
      name: label,
      dots: [...values].flatMap(([name, value]) => value === undefined ? [] : [{ name, value }]),
      mean: dice?.mean ?? undefined,
      interval: dice?.meanInterval ?? undefined,
    };
  }).filter(({ dots }) => dots.length > 0);
  if (rows.length === 0) return markup`<p>No case has a Dice score: mask and prediction are empty in all.</p>`;
  const words = rows.map(({ name, dots, mean, interval }) =>
    `${name}: mean ${formatNumber(mean, 3)}, interval ${formatInterval(interval, 3)}, ${dots.length} patients from ${
      formatNumber(Math.min(...dots.map(({ value }) => value)), 3)
    } to ${formatNumber(Math.max(...dots.map(({ value }) => value)), 3)}`
  );
  return dotChart({
    title: "Dice by class: every patient, mean and interval",
    description: words.join("; "),
    label: "Dice",
    rows,
    from: 0,
    to: 1,
  });
}

function meansTables(scores: Scores): Content {
  const { shown, others } = shownScores(scores);
  return [
    meansTable(scores, { columns: shown, caption: "Scores over patients" }),
    others.length === 0
      ? undefined
      : markup`<details><summary>More scores</summary>${
        meansTable(scores, { columns: others, caption: "More scores over patients" })
      }</details>`,
  ];
}

function meansTable(
  { summary, conventions }: Scores,
  { columns, caption }: { columns: readonly NamedScore[]; caption: string },
): Content {
  const classes = Object.entries(summary.perClass);
  const several = classes.length > 1;
  const of = (label: string) => several ? [label] : [];
  const rows = classes.flatMap(([label, { scores, dicePooled }]) => [
    ...columns.map((column) => {
      const { digits } = column;
      const score = scores[column.name];
      return [
        ...of(label),
        headingOf(column, conventions),
        score?.n,
        formatNumber(score?.mean, digits),
        formatInterval(score?.meanInterval, digits),
        formatNumber(score?.median, digits),
        formatInterval(quartiles(score), digits),
        score?.worst ? `${score.worst.case} (${formatNumber(score.worst.value, digits)})` : "–",
      ];
    }),
    ...(dicePooled === null || !columns.some(({ name }) => name === "dice")
      ? []
      : [[...of(label), "Dice pooled", "", formatNumber(dicePooled, 3), "–", "–", "–", "–"]]),
  ]);
  const overall = !several ? [] : columns.map((column) => {
    const { digits } = column;
    const score = summary.mean[column.name];
    const interval = formatInterval(score?.meanInterval, digits);
    return [
      "mean of classes",
      headingOf(column, conventions),
      score?.n,
      formatNumber(score?.mean, digits),
      interval,
      "–",
      "–",
      "–",
    ];
  });
  return tableHtml({
    caption,
    columns: [
      ...(several ? [{ title: "class", text: true }] : []),
      { title: "score", text: true },
      { title: "n" },
      { title: "mean" },
      { title: "95 % interval" },
      { title: "median" },
      { title: "quartiles" },
      { title: "worst case", text: true },
    ],
    rows: [...overall, ...rows],
  });
}

function quartiles(score: ScoreSummary | undefined): [number, number] | undefined {
  if (score?.lowerQuartile == null || score.upperQuartile == null) return undefined;
  return [score.lowerQuartile, score.upperQuartile];
}

function statesTable({ summary }: Scores): Content {
  const states = Object.values(STATES);
  const row = (label: string, counts: StateCounts) => [label, ...states.map(({ count }) => counts[count])];
  const classes = Object.entries(summary.perClass).map(([label, { counts }]) => row(label, counts));
  return [
    tableHtml({
      caption: "Cases by what reference and prediction hold",
      columns: [{ title: "class", text: true }, ...states.map(({ name }) => ({ title: name }))],
      rows: classes.length < 2 ? classes : [...classes, row("all (case × class)", summary.counts)],
    }),
    markup`<p class="quiet key">${states.map(({ name, meaning }) => markup`<span>${name}: ${meaning}</span>`)}</p>`,
  ];
}

function comparisonTable({ conventions }: Scores, comparison: NonNullable<EvaluationFile["comparison"]>): Content {
  const rows = Object.entries(comparison).flatMap(([label, scores]) =>
    Object.entries(scores).flatMap(([name, { n, meanDifference, meanInterval, wilcoxon }]) => {
      const score = findScore(name);
      if (score === undefined) return [];
      const { digits } = score;
      return [[
        label,
        headingOf(score, conventions),
        formatNumber(n, 0),
        formatNumber(meanDifference, digits),
        formatInterval(meanInterval, digits),
        formatNumber(wilcoxon.pValue, 4),
      ]];
    })
  );
  if (rows.length === 0) return undefined;
  return [
    markup`<h3>Difference to the other model</h3>`,
    tableHtml({
      caption: "This minus the other, patient by patient; p value of Wilcoxon's signed-rank test",
      columns: [
        { title: "class", text: true },
        { title: "score", text: true },
        { title: "n" },
        { title: "mean difference" },
        { title: "95 % interval" },
        { title: "p" },
      ],
      rows,
    }),
  ];
}
