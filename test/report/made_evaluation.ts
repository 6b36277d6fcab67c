/** An evaluation's file with names that try to become markup. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Names of files, classes and folders that a page must show and not obey. */
export const HOSTILE = {
  case: `<script>globalThis.taken = "case"</script>`,
  other: `"><img src=x onerror="globalThis.taken = 'image'">`,
  class: `tumour' onmouseover='globalThis.taken = "class"`,
  subject: `</title><script>globalThis.taken = "title"</script>`,
  dataset: `data\u202etxt.exe & <b>bold</b>`,
} as const;

interface Row {
  readonly case: string;
  readonly class: string;
  readonly dice: number | null;
}

/** Writes a `metrics.json` of these rows into a new folder. */
export function putEvaluation(folder: string, rows: readonly Row[]): void {
  mkdirSync(folder, { recursive: true });
  const cases = rows.map(({ case: id, class: label, dice }, i) => ({
    case: id,
    patient: id,
    class: label,
    state: dice === null ? "true_empty" : dice === 0 ? "missed" : "hit",
    dice,
    hd95: dice ? 10 * (1 - dice) : null,
    hd95Penalized: dice === null ? null : dice === 0 ? 30 : 10 * (1 - dice),
    nsd: dice,
    truePositives: 10 * i,
    falsePositives: 3,
    falseNegatives: 4,
  }));
  const document = {
    subject: HOSTILE.subject,
    dataset: HOSTILE.dataset,
    split: "val",
    cases,
    missing: [],
    conventions: { unit: "mm", emptyRule: "nnunet", hd95Variant: "max", tolerance: 2 },
    confusion: { labels: ["background", HOSTILE.class], voxels: [[900, 10], [20, 70]] },
    settings: { map: HOSTILE.case },
  };
  writeFileSync(join(folder, "metrics.json"), JSON.stringify(document));
}

/** Three cases, two of which have hostile names, the lowest Dice not first. */
export function putHostileEvaluation(folder: string): void {
  putEvaluation(folder, [
    { case: HOSTILE.case, class: HOSTILE.class, dice: 0.9 },
    { case: "case 10", class: HOSTILE.class, dice: 0.4 },
    { case: "case 9", class: HOSTILE.class, dice: null },
    { case: HOSTILE.other, class: HOSTILE.class, dice: 0.7 },
  ]);
}
