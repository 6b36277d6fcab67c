/** The roofline: what a device can compute at most, by how much it computes for each byte (Williams, Waterman, Patterson 2009). */
import { logAxis } from "./axis.ts";
import { chartFigure, fillOf, round } from "./chart.ts";
import { Markup, markup } from "./markup.ts";

/** A layer or a network. */
export interface RooflinePoint {
  readonly name: string;
  /** FLOP per byte of memory traffic. */
  readonly intensity: number;
  readonly gflops: number;
  /** Area of the mark: 0 to 1. */
  readonly weight: number;
  /** Measured points have a ring and a name. */
  readonly measured: boolean;
}

/** Peak rates of a device. */
interface Roof {
  readonly device: string;
  readonly gflops: number;
  readonly bandwidthGBs: number;
}

/** A chart with logarithmic axes: the roof, with points on it (layers at best) and below it (measured). */
export function rooflineChart(
  { title, description, roof, points }: {
    readonly title: string;
    readonly description: string;
    readonly roof: Roof;
    readonly points: readonly RooflinePoint[];
  },
): Markup {
  const ridge = roof.gflops / roof.bandwidthGBs;
  const intensities = [...points.map(({ intensity }) => intensity), ridge / 4, ridge * 4];
  const x = logAxis(intensities, { label: "FLOP per byte of memory traffic" });
  const lowest = Math.min(roof.bandwidthGBs * x.min, ...points.map(({ gflops }) => gflops));
  const y = logAxis([lowest, roof.gflops * 1.2], { label: "GFLOP/s" });
  return chartFigure({
    title,
    description,
    x,
    y,
    width: 520,
    height: 330,
    rightMargin: 20,
    draw: (area) => [
      markup`<path class="roof" d="M${area.x(x.min)} ${area.y(roof.bandwidthGBs * x.min)}L${area.x(ridge)} ${
        area.y(
          roof.gflops,
        )
      }H${area.right}" />`,
      markup`<text class="halo" x="${area.right - 4}" y="${
        round(area.y(roof.gflops) - 7)
      }" text-anchor="end">${roof.device}: ${Math.round(roof.gflops)} GFLOP/s, ${roof.bandwidthGBs} GB/s</text>`,
      points.map(({ name, intensity, gflops, weight, measured }) => {
        const [left, top] = [area.x(intensity), area.y(gflops)];
        const radius = round(measured ? 6 : 3 + 9 * Math.sqrt(weight));
        return [
          markup`<circle class="${
            fillOf(measured ? 1 : 0)
          } soft" cx="${left}" cy="${top}" r="${radius}"><title>${name}: ${gflops.toPrecision(3)} GFLOP/s at ${
            intensity.toPrecision(3)
          } FLOP per byte</title></circle>`,
          measured
            ? markup`<circle class="ring" cx="${left}" cy="${top}" r="${radius}" /><text class="halo" x="${
              left + 11
            }" y="${round(top + 4)}">${name}</text>`
            : undefined,
        ];
      }),
    ],
  });
}
