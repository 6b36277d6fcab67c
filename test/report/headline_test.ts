import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { headline } from "../../src/report/evaluation_page.ts";
import { type Content, markup } from "../../src/report/markup.ts";
import { readEvaluationScores, type Scores } from "../../src/report/scores.ts";
import { scoresBody, splitText } from "../../src/report/scores_section.ts";
import { withFolder } from "../data/made_folders.ts";
import { putEvaluation } from "./made_evaluation.ts";

function textOf(content: Scores, part: (scores: Scores) => Content = headline): string {
  return markup`${part(content)}`.text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

test("headline() says of every number how many patients or classes it is of, and HD95 penalized beside HD95", () => {
  withFolder((folder) => {
    putEvaluation(join(folder, "e"), [
      { case: "a", class: "core", dice: 0.5 },
      { case: "a", class: "rim", dice: 0.75 },
      { case: "b", class: "core", dice: 0 },
      { case: "b", class: "rim", dice: null },
      { case: "c", class: "core", dice: null },
      { case: "c", class: "rim", dice: null },
    ]);
    const scores = readEvaluationScores(join(folder, "e", "metrics.json"));
    const cards = textOf(scores);
    // Core: 0.5 and 0; rim: 0.75. Patient c has neither.
    assert.match(cards, /Dice 0\.500 \S+ \S+; n 2 of 3/);
    assert.match(cards, /HD95 \(max\) mm 3\.75 –; n 1 of 3; HD95 penalized mm 10\.00/);
    assert.match(cards, /hits 2 of 6 case × class; 1 missed, 0 false alarms, 3 true empty/);
    const body = textOf(scores, scoresBody);
    assert.match(body, /mean of classes Dice 2 0\.500/);
    assert.match(body, /all \(case × class\) 2 1 0 3/);
    assert.equal(splitText(scores), "3 validation cases");
  });
});

test("headline() counts hits in cases where there is one class, and names the tolerance of NSD", () => {
  withFolder((folder) => {
    putEvaluation(join(folder, "e"), [{ case: "a", class: "core", dice: 0.5 }, { case: "b", class: "core", dice: 0 }]);
    const cards = textOf(readEvaluationScores(join(folder, "e", "metrics.json")));
    assert.match(cards, /hits 1 of 2 cases; 1 missed/);
    assert.match(cards, /NSD@2mm 0\.250/);
  });
});
