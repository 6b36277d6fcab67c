/** The page: a panel of controls beside one canvas; names of files are hostile and escaped. */
import { type Content, type Markup, markup, trusted } from "../report/markup.ts";
import type { Layer } from "./layers.ts";
import { PALETTES } from "./palette.ts";

const TITLES: Readonly<Record<Layer["kind"], string>> = {
  volume: "Volume",
  reference: "Reference",
  prediction: "Prediction",
  probabilities: "Probabilities",
};

/** The reference is an outline where there is something to compare it with. */
function opacityPercent(kind: Layer["kind"], layers: readonly Layer[]): number {
  if (kind === "volume") return 100;
  return kind === "reference" && layers.length > 2 ? 10 : 50;
}

/**
 * The text of the page.
 *
 * @param options.held with a picture that the server holds back until everything is drawn, so that the page is loaded no sooner.
 */
export function viewPage(layers: readonly Layer[], { held }: { held: boolean }): string {
  const title = `${layers[0]?.name ?? ""} – seg view`;
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<canvas id="canvas" tabindex="0" aria-label="Slices and 3-D picture of the volume" aria-describedby="keys"></canvas>
<p id="state" role="status">Loading …</p>
</main>
<form id="panel" aria-label="Controls">
<h1>${layers[0]?.name}</h1>
<p class="quiet">${geometryText(layers[0])}</p>
${viewControls()}
${
    layers.map((layer, number) => layerControls(layer, { number, percent: opacityPercent(layer.kind, layers) }))
      // Reference, prediction, probabilities: as a reader names them, not as they are drawn.
      .map((controls, number, all) => number === 0 ? controls : all[all.length - number])
  }
<output id="place" class="quiet"></output>
<p id="keys" class="quiet">Drag with the left button to move the crosshair and to turn the 3-D picture, with the right button over
a region to fit the contrast to it. Keys on the picture: arrows, Page up and Page down move the crosshair by a voxel.</p>
</form>
${held ? markup`<img id="held" class="held" src="held.svg" alt="">` : undefined}
<script src="niivue.js"></script>
<script src="page.js"></script>
</body>
</html>
`.text;
}

function geometryText(layer: Layer | undefined): string {
  if (layer === undefined) return "";
  const sizes = layer.spacingMm.map((size) => Number(size.toFixed(3))).join("×");
  return `${layer.shape.join("×")} voxels of ${sizes} mm`;
}

function viewControls(): Markup {
  const views = [["3", "Three planes and 3-D"], ["0", "Axial"], ["1", "Coronal"], ["2", "Sagittal"], ["4", "3-D"]];
  return markup`<fieldset><legend>View</legend>
<label for="view">Show</label>
<select id="view">${views.map(([value, text]) => markup`<option value="${value}">${text}</option>`)}</select>
<label class="check"><input type="checkbox" id="crosshair" checked> Crosshair</label>
<label class="check"><input type="checkbox" id="radiological" checked> Patient’s left on the right</label>
<label class="check"><input type="checkbox" id="voxels"> Single voxels, not smoothed</label>
<label for="cut">Cut into the 3-D picture</label>
<input type="range" id="cut" min="0" max="100" value="0">
</fieldset>`;
}

function layerControls(layer: Layer, { number, percent }: { number: number; percent: number }): Markup {
  const { kind, name, channels, labels } = layer;
  const id = (control: string) => `${control}-${number}`;
  return markup`<fieldset data-layer="${number}" data-kind="${kind}" data-labels="${labels.join(",")}">
<legend>${TITLES[kind]}</legend>
${number === 0 ? undefined : markup`<p class="quiet">${name}</p>`}
<label class="check"><input type="checkbox" id="${id("shown")}" checked> Show ${TITLES[kind].toLowerCase()}</label>
<label for="${id("opacity")}">Opacity</label>
<input type="range" id="${id("opacity")}" min="0" max="100" value="${percent}">
${kind === "volume" ? contrastControls() : undefined}
${kind === "reference" || kind === "prediction" ? outlineControl(id("outline"), kind) : undefined}
${kind === "probabilities" ? thresholdControl(id("threshold")) : undefined}
${channels > 1 ? channelControl(id("channel"), layer) : undefined}
${kind === "reference" || kind === "prediction" ? labelList(kind, labels) : undefined}
</fieldset>`;
}

function contrastControls(): Content {
  return markup`<label for="black">Black from</label>
<input type="range" id="black" min="0" max="1" step="0.005" value="0">
<label for="white">White from</label>
<input type="range" id="white" min="0" max="1" step="0.005" value="1">`;
}

function outlineControl(id: string, kind: "reference" | "prediction"): Content {
  return markup`<label class="check"><input type="checkbox" id="${id}"${
    kind === "reference" ? trusted(" checked") : undefined
  }> Outline</label>`;
}

function thresholdControl(id: string): Content {
  return markup`<label for="${id}">Threshold <output id="${id}-value" for="${id}">0.50</output></label>
<input type="range" id="${id}" min="0.01" max="0.99" step="0.01" value="0.5">`;
}

function channelControl(id: string, { kind, channels }: Layer): Content {
  const word = kind === "probabilities" ? "Class" : "Channel";
  const first = kind === "probabilities" ? 1 : 0;
  return markup`<label for="${id}">${word}</label>
<select id="${id}">${
    Array.from({ length: channels }, (_, k) => markup`<option value="${k}">${k + first}</option>`)
  }</select>`;
}

function labelList(kind: "reference" | "prediction", labels: readonly number[]): Content {
  if (labels.length === 0) return markup`<p class="quiet">This mask is empty</p>`;
  const colours = PALETTES[kind].length;
  return markup`<ul class="labels">${
    labels.map((label, i) => markup`<li><span class="swatch ${kind}-${i % colours}"></span>${label}</li>`)
  }</ul>`;
}
