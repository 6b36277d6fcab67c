/** Benchmarks: latencies side by side, and the roofline of the network. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type BenchReport, readBenchReport } from "../bench/bench_report.ts";
import { compareBench } from "../bench/compare_bench.ts";
import type { Model } from "../model/model.ts";
import { layerWork } from "../tensorrt/layer_work.ts";
import { type Roof, roofline, roofOf } from "../tensorrt/roofline.ts";
import { exportModel } from "../deployment/export_model.ts";
import { estimateModel } from "../deployment/for_target.ts";
import { estimateText } from "../tensorrt/clock.ts";
import { BYTES_SHARES, findTarget, TARGETS } from "../tensorrt/targets.ts";
import { formatBytes, formatFlops, formatNumber, formatPercent, NO_VALUE, shortNumber } from "../text.ts";
import { linearAxis } from "./axis.ts";
import { fillOf, rowsFigure, SERIES_COLOURS } from "./chart.ts";
import { type Content, markup } from "./markup.ts";
import { rooflineChart, type RooflinePoint } from "./roofline_chart.ts";
import { tableHtml } from "./table.ts";

/** A benchmark with the name of its file. */
export interface NamedBench {
  readonly name: string;
  readonly report: BenchReport;
}

/**
 * The benchmarks in a folder (`bench*.json`) and those in the files of `more`.
 *
 * @throws {Failure} where one is damaged.
 */
export function readBenchReports(folder: string, more: readonly string[]): NamedBench[] {
  const found = readdirSync(folder).filter((name) => /^bench.*\.json$/i.test(name)).sort();
  return [...found.map((name) => join(folder, name)), ...more].map((path) => ({
    name: basename(path, ".json"),
    report: readBenchReport(path),
  }));
}

/** Latencies of all benchmarks as a chart and a table. */
export function benchBody(benches: readonly NamedBench[]): Content {
  const names = benches.map(({ name, report }) => `${name} (${report.backend})`);
  const reports = benches.map(({ report }) => report);
  return [
    rowsFigure({
      title: "Latency of a run: range, median and 90th and 99th percentile",
      description: benches.map(({ report: { latencyMs: { p50, p90, p99 } } }, i) =>
        `${names[i]}: median ${shortNumber(p50)} ms, 90th percentile ${shortNumber(p90)} ms, 99th ${
          shortNumber(p99)
        } ms`
      ).join("; "),
      x: linearAxis(reports.map(({ latencyMs }) => latencyMs.max), { label: "ms", from: 0 }),
      width: 520,
      names,
      rowHeight: 34,
      mostLetters: 30,
      mostMargin: 220,
      drawRow: (i, { area, middle }) => {
        const { min, p50, p90, p99, max } = (reports[i] as BenchReport).latencyMs;
        return [
          markup`<path class="line stroke-${i % SERIES_COLOURS}" d="M${area.x(min)} ${middle}H${area.x(max)}" />`,
          markup`<path class="mean" d="M${area.x(p50)} ${middle - 9}v18" />`,
          [p90, p99].map((value) =>
            markup`<circle class="${fillOf(i)}" cx="${area.x(value)}" cy="${middle}" r="4.5" />`
          ),
        ];
      },
    }),
    tableHtml({
      caption: "Benchmarks side by side",
      columns: [{ title: "", text: true }, ...names.map((title) => ({ title }))],
      rows: [
        ["device", ...reports.map(({ device }) => device)],
        ...compareBench(reports).map(({ name, unit, values }) => [
          unit === "" ? name : `${name} (${unit})`,
          ...values.map((value) => value === undefined ? NO_VALUE : shortNumber(value)),
        ]),
      ],
    }),
    benches.map(({ name, report: { notes } }) => notes.map((note) => markup`<p class="notice">${name}: ${note}</p>`)),
  ];
}

/** What the roofline is drawn of. */
export interface RooflineSource {
  /** An ONNX file as it was trained: its exported form is drawn. */
  readonly model?: Model | undefined;
  readonly benches: readonly NamedBench[];
}

/**
 * The layers of the model on the roof of a device, with the benchmarks that were measured on it: of the first benchmark with a roof,
 * else of the Jetson Nano. Undefined where there is nothing to draw.
 */
export function rooflineBody({ model, benches }: RooflineSource): Content {
  const roof = benches.find(({ report }) => report.roof !== undefined)?.report.roof ??
    roofOf(findTarget("nano"), "fp16") as Roof;
  const device = TARGETS[roof.device]?.description.split(",")[0] ?? roof.device;
  const layers = model && layersOf(model);
  const measured = benches.flatMap(({ name, report }) => measuredPoint(name, report, roof));
  if (layers === undefined && measured.length === 0) return undefined;
  // The work of layers is counted in float32.
  const share = BYTES_SHARES[roof.precision];
  const work = layers?.map((layer) => ({ ...layer, bytes: share * layer.bytes })) ?? [];
  const floor = roofline(work, roof);
  const target = TARGETS[roof.device];
  const estimate = model && target && estimateModel(model, { target });
  const points = floor.layers.filter(({ flops, bytes }) => flops > 0 && bytes > 0).map((layer): RooflinePoint => ({
    name: layer.name,
    intensity: layer.flops / layer.bytes,
    gflops: layer.flops / layer.floorMs / 1e6,
    weight: floor.floorMs > 0 ? layer.floorMs / floor.floorMs : 0,
    measured: false,
  }));
  const sentence = layers === undefined
    ? `Measured on ${device}.`
    : `One image is ${formatFlops(floor.flops)} and ${
      formatBytes(floor.bytes)
    } of memory traffic in ${roof.precision}: on ${device} ${
      estimate === undefined ? "" : `${estimateText(estimate)}. Arithmetic and memory alone need `
    }at least ${formatNumber(floor.floorMs, 2)} ms. Memory bounds ${
      formatPercent(floor.memoryBoundShare, 0)
    } of that time.`;
  return [
    markup`<p>${sentence} ${measured.length === 0 ? "Nothing of this is measured: seg bench measures." : ""}</p>`,
    rooflineChart({
      title: "Layers on the roofline: the larger, the more of the time",
      description: sentence,
      roof: { ...roof, device },
      points: [...points, ...measured],
    }),
  ];
}

function measuredPoint(name: string, report: BenchReport, roof: Pick<Roof, "device">): RooflinePoint[] {
  const { flops, bytes, latencyMs } = report;
  if (flops === undefined || bytes === undefined || !(flops > 0 && bytes > 0)) return [];
  // A processor's time says nothing on the roof of another device.
  if (report.backend !== "trtexec" || report.roof?.device !== roof.device) return [];
  return [{
    name,
    intensity: flops / bytes,
    gflops: flops / latencyMs.p50 / 1e6,
    weight: 0.2,
    measured: true,
  }];
}

function layersOf(model: Model) {
  try {
    return layerWork(exportModel(model).graph);
  } catch {
    // Ops that are not known have no work.
    return undefined;
  }
}
