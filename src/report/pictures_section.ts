/** Best, median and worst case as pictures. */
import { Buffer } from "node:buffer";
import { LABEL_COLOURS, REFERENCE_COLOUR } from "../imaging/overlay.ts";
import { formatNumber } from "../text.ts";
import { type Content, markup } from "./markup.ts";
import type { CasePicture } from "./pictures.ts";

/** The pictures below each other with what they show, or the sentence why there are none. */
export function picturesBody(
  pictures: readonly CasePicture[] | string,
  { classes, remedy }: { readonly classes: readonly string[]; readonly remedy: string },
): Content {
  if (typeof pictures === "string") return markup`<p>No pictures: ${pictures} ${remedy}</p>`;
  const several = classes.length > 1;
  return [
    markup`<p class="key">${
      several
        ? classes.slice(0, LABEL_COLOURS.length).map((name, i) =>
          markup`<span>${swatch(LABEL_COLOURS[i] as readonly number[])} ${name}</span>`
        )
        : markup`<span>${swatch(LABEL_COLOURS[0] as readonly number[])} prediction</span> <span>${
          swatch(REFERENCE_COLOUR)
        } reference</span>`
    }</p>`,
    several
      ? markup`<p class="quiet">The prediction is filled and outlined, the reference outlined with dashes.</p>`
      : undefined,
    markup`<div class="pictures">${
      pictures.map(({ place, case: id, dice, png, width, height }) =>
        markup`<figure><img decoding="async" width="${width}" height="${height}" alt="Slices of case ${id}, the ${place} case with a Dice of ${
          formatNumber(dice, 3)
        }: the image in grey with the outlines of reference and prediction" src="data:image/png;base64,${
          Buffer.from(png).toString("base64")
        }"><figcaption><strong>${PLACES[place] ?? place}</strong>: ${id}, Dice ${
          formatNumber(dice, 3)
        }. The numbers are those of the slices, from 0.</figcaption></figure>`
      )
    }</div>`,
  ];
}

const PLACES: Readonly<Record<string, string>> = {
  best: "Best case",
  median: "Median case",
  worst: "Worst case",
  only: "The only case",
};

function swatch([red, green, blue]: readonly number[]): Content {
  return markup`<svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true"><rect width="12" height="12" fill="rgb(${red as number} ${green as number} ${blue as number})" /></svg>`;
}
