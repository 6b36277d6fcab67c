/** The report of a training run. */
import { formatBytes, formatDuration, formatNumber } from "../text.ts";
import { curvesBody } from "./curves_section.ts";
import { figure, footText, headline, scoreSections, speedSections, type Surroundings } from "./evaluation_page.ts";
import { type Content, markup } from "./markup.ts";
import { sha256 } from "../sha256.ts";
import { type Fact, originBody } from "./origin_section.ts";
import { pageText } from "./page.ts";
import type { CasePicture } from "./pictures.ts";
import { configurationOf } from "../training/runs/run_settings.ts";
import type { RunRecord } from "./run_record.ts";
import type { Scores } from "./scores.ts";

/** The page as a file's text. */
export function runPage(
  record: RunRecord,
  surroundings: Surroundings & {
    /** Of the best model on its validation cases, or a sentence why there are none. */
    readonly scores: Scores | string;
    readonly pictures: readonly CasePicture[] | string;
  },
): string {
  const { run, settings, history, best, model } = record;
  const { scores, pictures } = surroundings;
  const remedy = `seg report ${run.folder} draws them where model and data are, and so does seg evaluate with --out.`;
  return pageText({
    title: `Training run ${run.folder}`,
    lead: [
      stateText(record),
      markup`<dl class="figures">${figures(record, { scored: typeof scores !== "string" })}${
        typeof scores === "string" ? undefined : headline(scores)
      }</dl>`,
    ],
    sections: [
      { id: "curves", title: "Course of the training", body: curvesBody(history, best) },
      ...(typeof scores === "string"
        ? [{
          id: "scores",
          title: "Scores",
          body: markup`<p>No scores by case: ${scores}</p>`,
        }]
        : scoreSections(scores, { pictures, remedy })),
      ...speedSections(surroundings),
      {
        id: "origin",
        title: "How it was made",
        body: originBody([
          { name: "model", value: model && run.best },
          { name: "SHA-256 of the model", value: model && sha256(model.bytes), code: true },
          { name: "size of the model", value: model && formatBytes(model.bytes.length) },
          ...(model === undefined ? [] : modelFacts(model.metadata.training)),
          {
            name: "trained with",
            value: `seg ${settings.place.version}`,
          },
        ], configurationOf(settings)),
      },
    ],
    foot: footText(surroundings),
  });
}

/** What a model says of its training. */
export function modelFacts(training: Readonly<Record<string, unknown>>): Fact[] {
  const fact = (name: string, key: string, code = false): Fact => {
    const value = training[key];
    const known = typeof value === "string" || typeof value === "number";
    return { name, value: known ? String(value) : undefined, code };
  };
  return [
    fact("fingerprint of the training data", "fingerprint", true),
    fact("seed", "seed"),
    fact("fold", "fold"),
    fact("epoch of the model", "epoch"),
  ];
}

function stateText({ run, settings, history, stopped }: RunRecord): Content {
  const { epochs } = settings.limits;
  const done = history.length;
  if (stopped === undefined) {
    return markup`<p class="notice"><strong>This run is not finished</strong>: ${done} of ${epochs} epochs are done. Continue it with <code>seg train --resume ${run.folder}</code>.</p>`;
  }
  const why = {
    epochs: `all ${epochs} epochs are done`,
    patience: `${done} of at most ${epochs} epochs, ended since the score did not rise any more`,
    "time-budget": `${done} of at most ${epochs} epochs, ended by its time budget`,
  }[stopped];
  return markup`<p>Finished: ${why}.</p>`;
}

function figures({ history, best, seconds, settings }: RunRecord, { scored }: { scored: boolean }): Content {
  const last = history.at(-1);
  return [
    best && !scored ? figure("best Dice", formatNumber(best.dice, 3), `epoch ${best.epoch}`) : undefined,
    last && figure("last loss", formatNumber(last.trainLoss, 4), "all levels together"),
    figure(
      "epochs",
      `${history.length} of ${settings.limits.epochs}`,
      best === undefined ? "" : `best ${best.epoch}; ${formatDuration(seconds)} in all`,
    ),
  ];
}
