/** The course of a training: losses, Dice and learning rate over the epochs. */
import { formatNumber } from "../text.ts";
import { type EpochRecord, validated } from "../training/runs/history.ts";
import { linearAxis } from "./axis.ts";
import { type Content, markup } from "./markup.ts";
import { lineChart, type Series } from "./line_chart.ts";
import { tableHtml } from "./table.ts";

/** Rows of the table of numbers at most. */
const MOST_ROWS = 400;

/** Three charts, and their numbers as a table. */
export function curvesBody(history: readonly EpochRecord[], best: EpochRecord | undefined): Content {
  const [first, last] = [history[0], history.at(-1)];
  if (first === undefined || last === undefined) return markup`<p>No epoch is finished yet.</p>`;
  return [
    markup`<div class="charts">${lossChart(history, { first, last })}${diceChart(history, best)}${
      rateChart(history, { first, last })
    }</div>`,
    markup`<details><summary>The numbers of the curves</summary>${numbersTable(history)}</details>`,
  ];
}

interface Ends {
  readonly first: EpochRecord;
  readonly last: EpochRecord;
}

function lossChart(history: readonly EpochRecord[], { first, last }: Ends): Content {
  const levels = first.lossPerLevel.length;
  const answer = levels > 1 ? " (answer)" : "";
  const series = first.lossPerLevel.map((_, level): Series => ({
    name: `level ${level}${level === levels - 1 ? answer : ""}`,
    points: history.map(({ epoch, lossPerLevel }) => [epoch, lossPerLevel[level] ?? null]),
  }));
  const validation = history.flatMap(({ epoch, validationLoss }) =>
    validationLoss === undefined ? [] : [[epoch, validationLoss] as const]
  );
  const words = series.map(({ name }, level) =>
    `${name} from ${formatNumber(first.lossPerLevel[level], 4)} to ${formatNumber(last.lossPerLevel[level], 4)}`
  );
  const [from, to] = [validation[0], validation.at(-1)];
  if (from !== undefined && to !== undefined) {
    series.push({ name: "validation, all levels", points: validation });
    words.push(`all levels on the validation cases from ${formatNumber(from[1], 4)} to ${formatNumber(to[1], 4)}`);
  }
  return lineChart({
    title: "Loss of each level",
    description: `Mean over an epoch, epochs ${first.epoch} to ${last.epoch}: ${words.join(", ")}`,
    xLabel: "epoch",
    y: linearAxis(valuesOf(series), { label: "loss", from: Math.min(0, ...valuesOf(series)) }),
    series,
  });
}

function diceChart(history: readonly EpochRecord[], best: EpochRecord | undefined): Content {
  const scored = validated(history);
  if (scored.length === 0) return markup`<p>No epoch is validated yet.</p>`;
  const classes = classesOf(history);
  const series: Series[] = [
    { name: classes.length > 1 ? "mean" : "Dice", points: scored.map(({ epoch, dice }) => [epoch, dice]) },
    ...(classes.length > 1 ? classes : []).map((name): Series => ({
      name,
      points: scored.map(({ epoch, dicePerClass }) => [epoch, dicePerClass[name] ?? null]),
    })),
  ];
  if (valuesOf(series).length === 0) {
    return markup`<p>No epoch has a Dice score: mask and prediction were empty in all cases.</p>`;
  }
  return lineChart({
    title: "Dice of the validation cases",
    description: `Mean over whole cases on their own grids: last ${formatNumber(scored.at(-1)?.dice, 3)}${
      best === undefined ? "" : `, best ${formatNumber(best.dice, 3)} in epoch ${best.epoch}`
    }`,
    xLabel: "epoch",
    y: linearAxis([], { label: "Dice", from: 0, to: 1 }),
    series,
    mark: best?.dice == null ? undefined : { x: best.epoch, y: best.dice, text: `best ${formatNumber(best.dice, 3)}` },
  });
}

function classesOf(history: readonly EpochRecord[]): string[] {
  return [...new Set(history.flatMap(({ dicePerClass }) => Object.keys(dicePerClass)))];
}

function rateChart(history: readonly EpochRecord[], { first, last }: Ends): Content {
  const series = [{
    name: "learning rate",
    points: history.map(({ epoch, learningRate }) => [epoch, learningRate] as const),
  }];
  return lineChart({
    title: "Learning rate",
    description: `At the end of each epoch: from ${first.learningRate.toPrecision(3)} to ${
      last.learningRate.toPrecision(3)
    }`,
    xLabel: "epoch",
    y: linearAxis(valuesOf(series), { label: "learning rate", from: 0 }),
    series,
  });
}

function valuesOf(series: readonly Series[]): number[] {
  return series.flatMap(({ points }) => points.flatMap(([, y]) => y === null ? [] : [y]));
}

function numbersTable(history: readonly EpochRecord[]): Content {
  const step = Math.ceil(history.length / MOST_ROWS);
  const shown = history.filter(({ epoch }, i) => epoch % step === 0 || i === history.length - 1);
  const levels = history[0]?.lossPerLevel ?? [];
  const classes = classesOf(history);
  return tableHtml({
    caption: step === 1 ? "Every epoch" : `Every ${step}th epoch; all are in history.jsonl`,
    columns: [
      { title: "epoch" },
      ...levels.map((_, level) => ({ title: `loss ${level}` })),
      { title: "validation loss" },
      { title: "Dice" },
      ...(classes.length > 1 ? classes.map((title) => ({ title })) : []),
      { title: "learning rate" },
      { title: "seconds" },
    ],
    rows: shown.map(({ epoch, lossPerLevel, validationLoss, dice, dicePerClass, learningRate, seconds }) => [
      epoch,
      ...lossPerLevel.map((loss) => formatNumber(loss, 4)),
      formatNumber(validationLoss, 4),
      formatNumber(dice, 3),
      ...(classes.length > 1 ? classes.map((name) => formatNumber(dicePerClass[name], 3)) : []),
      learningRate.toPrecision(3),
      formatNumber(seconds, 1),
    ]),
  });
}
