/** The report of an evaluation. */
import { headingOf } from "../metrics/score.ts";
import { TABLE_SCORES } from "../metrics/scores.ts";
import { countOf, formatInterval, formatNumber } from "../text.ts";
import { benchBody, type NamedBench, rooflineBody, type RooflineSource } from "./bench_section.ts";
import { caseTable } from "./case_table.ts";
import { confusionTable } from "./confusion_table.ts";
import { type Content, markup } from "./markup.ts";
import { type Fact, originBody } from "./origin_section.ts";
import { pageText, type Section } from "./page.ts";
import type { CasePicture } from "./pictures.ts";
import { picturesBody } from "./pictures_section.ts";
import type { EvaluationScores, Scores } from "./scores.ts";
import { scoresBody, splitText } from "./scores_section.ts";

/** What is in every report beside the results. */
export interface Surroundings {
  /** The programs that wrote the report, with their versions: `seg 0.1.0`. */
  readonly programs: readonly string[];
  /** When it was written. */
  readonly written: Date;
  readonly benches: readonly NamedBench[];
  readonly roofline: RooflineSource;
}

/** The parts with scores, cases, pictures and confusion, for evaluations and for runs. */
export function scoreSections(
  scores: Scores,
  { pictures, remedy, comparison }: {
    readonly pictures: readonly CasePicture[] | string;
    readonly remedy: string;
    readonly comparison?: EvaluationScores["comparison"];
  },
): Section[] {
  const classes = Object.keys(scores.summary.perClass);
  return [
    { id: "scores", title: "Scores", body: scoresBody(scores, comparison) },
    { id: "pictures", title: "Best, median and worst case", body: picturesBody(pictures, { classes, remedy }) },
    { id: "cases", title: "Cases", body: caseTable(scores) },
    ...(scores.confusion === undefined
      ? []
      : [{ id: "confusion", title: "Confusion of labels", body: confusionTable(scores.confusion) }]),
  ];
}

/** The parts with benchmarks and the roofline, where there are any. */
export function speedSections({ benches, roofline }: Surroundings): Section[] {
  const roof = rooflineBody(roofline);
  return [
    ...(benches.length === 0 ? [] : [{ id: "speed", title: "Speed", body: benchBody(benches) }]),
    ...(roof === undefined ? [] : [{ id: "roofline", title: "Roofline", body: roof }]),
  ];
}

/** A number of a `<dl class="figures">`. */
export function figure(name: string, value: string, note: string): Content {
  return markup`<div><dt>${name}</dt><dd>${value} <small>${note}</small></dd></div>`;
}

/** The numbers that are looked for first: a card for each group of a leading score, with the rest of its group below. */
export function headline(scores: Scores): Content {
  const { summary: { mean, counts, perClass, patients }, cases, conventions } = scores;
  const groups = new Set(TABLE_SCORES.filter(({ leading }) => leading).map(({ group }) => group));
  const means = [...groups].flatMap((group) => {
    const [first, ...others] = TABLE_SCORES.filter((score) => score.group === group && mean[score.name] !== undefined);
    if (first === undefined) return [];
    const score = mean[first.name];
    const below = others.map((other) =>
      `${headingOf(other, conventions)} ${formatNumber(mean[other.name]?.mean, other.digits)}`
    );
    return [
      figure(
        headingOf(first, conventions),
        formatNumber(score?.mean, first.digits),
        [formatInterval(score?.meanInterval, first.digits), `n ${score?.n} of ${patients}`, ...below].join("; "),
      ),
    ];
  });
  const rows = cases.reduce((sum, one) => sum + one.rows.length, 0);
  return [
    means,
    figure(
      "hits",
      String(counts.hit),
      `of ${
        Object.keys(perClass).length > 1 ? `${rows} case × class` : countOf(cases.length, "case")
      }; ${counts.missed} missed, ${counts.falseAlarm} false alarms, ${counts.trueEmpty} true empty`,
    ),
  ];
}

/** The page as a file's text. */
export function evaluationPage(
  scores: EvaluationScores,
  surroundings: Surroundings & {
    readonly pictures: readonly CasePicture[] | string;
    /** Facts of the model that was scored. */
    readonly modelFacts: readonly Fact[];
    readonly folds?: Content;
  },
): string {
  const { version, modelSha256, settings, subject, dataset } = scores;
  return pageText({
    title: `Evaluation of ${subject || "a model"}`,
    lead: [
      markup`<p>On ${dataset || "its data"}: ${splitText(scores)}.</p>`,
      markup`<dl class="figures">${headline(scores)}</dl>`,
    ],
    sections: [
      ...(surroundings.folds === undefined ? [] : [{ id: "folds", title: "Folds", body: surroundings.folds }]),
      ...scoreSections(scores, {
        pictures: surroundings.pictures,
        remedy: "Run seg evaluate with --out where model and data are.",
        comparison: scores.comparison,
      }),
      ...speedSections(surroundings),
      {
        id: "origin",
        title: "How it was made",
        body: originBody([
          { name: "model or masks", value: subject },
          { name: "SHA-256 of the model", value: modelSha256, code: true },
          { name: "data set", value: dataset },
          { name: "evaluated with", value: version && `seg ${version}` },
          ...surroundings.modelFacts,
        ], settings),
      },
    ],
    foot: footText(surroundings),
  });
}

/** The programs that wrote the report, and that it is no medical device. */
export function footText({ programs, written }: Surroundings): Content {
  return markup`<p>Written by ${programs.join(", ")} on <time datetime="${written.toISOString()}">${
    written.toISOString().slice(0, 16).replace("T", " ")
  } UTC</time>. For research: not a medical device, not for diagnosis or treatment.</p>`;
}
