/** Dice against what a network costs, as one picture. */
import { linearAxis, logAxis } from "../../src/report/axis.ts";
import { chartFigure, fillOf, round } from "../../src/report/chart.ts";
import { markup } from "../../src/report/markup.ts";
import { STYLE } from "../../src/report/style.ts";
import { armName } from "./arms.ts";
import type { ArmCost } from "./costs.ts";
import { labelPlaces } from "./label_places.ts";
import type { ArmResult } from "./tables.ts";

const PANELS = [
  { title: "Dice against parameters", label: "parameters", of: ({ parameters }: ArmCost) => parameters },
  { title: "Dice against arithmetic", label: "MFLOP per image", of: ({ flops }: ArmCost) => flops / 1e6 },
  {
    title: "Dice against speed",
    label: "images per second on a Nano (estimate)",
    of: ({ nanoFps }: ArmCost) => nanoFps,
  },
] as const;
const [WIDTH, HEIGHT, MARGIN] = [430, 420, 16];

/** An SVG file with a panel per cost; heads by colour, and by name where there is room. Undefined where no arm has costs. */
export function plots(results: readonly ArmResult[], costs: ReadonlyMap<string, ArmCost>): string | undefined {
  const shown = results.flatMap((result) => {
    const cost = costs.get(armName(result));
    return cost === undefined ? [] : [{ result, cost, name: shortName(result, results) }];
  });
  if (shown.length === 0) return undefined;
  const heads = [...new Set(shown.map(({ result }) => result.head))];
  const y = linearAxis(shown.map(({ result }) => result.dice), { label: "mean Dice per patient" });
  const panels = PANELS.map(({ title, label, of }, i) => {
    const figure = chartFigure({
      title,
      description: shown.map(({ result, cost, name }) =>
        `${name}: ${result.dice.toFixed(3)} at ${of(cost).toPrecision(3)}`
      )
        .join("; "),
      x: logAxis(shown.map(({ cost }) => of(cost)), { label }),
      y,
      width: WIDTH,
      height: HEIGHT,
      rightMargin: MARGIN,
      draw: (area) => {
        const points = shown.map(({ result, cost, name }) => ({
          ...result,
          name,
          x: area.x(of(cost)),
          y: area.y(result.dice),
        }));
        const places = labelPlaces(points, { left: area.left, right: WIDTH });
        return points.map(({ head, dice, name, x, y }, k) => {
          const place = places[k];
          const label = place &&
            markup`<text class="halo tick" x="${round(place.x)}" y="${round(place.y)}">${name}</text>`;
          return markup`<circle class="${fillOf(heads.indexOf(head))}" cx="${x}" cy="${y}" r="4"><title>${name}: ${
            dice.toFixed(3)
          }</title></circle>${label}`;
        });
      },
    });
    const picture = figure.text.replace(/^<figure>|<\/figure>$/g, "");
    return picture.replace("<svg ", `<svg x="${i * WIDTH}" y="0" `);
  });
  const width = WIDTH * PANELS.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}">
<style>${STYLE}</style><rect width="100%" height="100%" style="fill: var(--ground)" />
${panels.join("\n")}</svg>
`;
}

/** The words of an arm that differ among the arms. */
function shortName(result: ArmResult, all: readonly ArmResult[]): string {
  const words = (["net", "head", "inputSize", "recipe"] as const).filter((key) =>
    new Set(all.map((other) => other[key])).size > 1
  );
  return words.map((key) => key === "inputSize" ? `${result[key]} px` : result[key]).join(" ") || armName(result);
}
