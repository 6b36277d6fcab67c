/** The report of an engine for people. */
import { alignColumns, formatPercent, NO_VALUE, shortNumber } from "../text.ts";
import type { EngineReport } from "./engine_report.ts";

const LAYERS_SHOWN = 12;

/** What the comparison table does not show: the device, both kinds of speed, the floor and the slowest layers. */
export function engineLines(report: EngineReport): string[] {
  const { device, tensorRt, precision, batch, samples, droppedRows, runs, cudaGraph, fps, throughputFps } = report;
  const others = runs.filter((run) => run.cudaGraph !== cudaGraph).map(({ p50 }) =>
    `; ${cudaGraph ? "without" : "with"} one the median is ${shortNumber(p50)} ms`
  );
  return [
    `${device}, TensorRT ${tensorRt}, ${precision}, batch ${batch}, ${samples} runs after ${droppedRows} dropped`,
    `${cudaGraph ? "With" : "Without"} a CUDA graph${others.join("")}`,
    `One stream, image after image: ${shortNumber(fps)} per second${
      throughputFps === undefined ? "" : `; with overlapped copies: ${shortNumber(throughputFps)}`
    }`,
    ...clockLines(report),
    ...floorLines(report),
    ...estimateLines(report),
    ...layerLines(report),
  ];
}

function clockLines({ powerMode, gpuClockMHz, power }: EngineReport): string[] {
  const parts = [
    powerMode === undefined ? undefined : `power mode ${powerMode}`,
    gpuClockMHz && `GPU clock ${gpuClockMHz.minimum} to ${gpuClockMHz.maximum} MHz`,
    power &&
    `${(power.meanPowerMw / 1000).toFixed(2)} W on average, ${(power.peakPowerMw / 1000).toFixed(2)} W at most`,
    power?.peakTemperatureC === undefined ? undefined : `${power.peakTemperatureC} °C at most`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? [] : [parts.join(", ")];
}

function floorLines({ roofline, kernels, enqueueMs, computeMs }: EngineReport): string[] {
  const started = `${kernels === undefined ? "" : `${kernels} kernels, `}started in ${shortNumber(enqueueMs)} ms`;
  if (roofline === undefined) return [`GPU time ${shortNumber(computeMs.p50)} ms, ${started}`];
  const { floorMs, reached = 0, memoryBoundShare } = roofline;
  return [
    `GPU time ${shortNumber(computeMs.p50)} ms, ${started}; the floor is ${shortNumber(floorMs)} ms (${
      formatPercent(memoryBoundShare, 0)
    } of it memory), ${formatPercent(reached, 0)} of it reached`,
  ];
}

/** How far the estimate was off. */
function estimateLines({ estimate, latencyMs: { p50 } }: EngineReport): string[] {
  if (estimate === undefined) return [];
  const { ms, lowMs, highMs } = estimate;
  const outside = p50 < lowMs || p50 > highMs ? ", outside of its interval" : "";
  return [
    `The estimate was ${shortNumber(ms)} ms (${shortNumber(lowMs)} to ${shortNumber(highMs)}): the measured time is ×${
      (p50 / ms).toFixed(2)
    } of it${outside}`,
  ];
}

function layerLines({ layers = [] }: EngineReport): string[] {
  if (layers.length === 0) return [];
  const slowest = layers.toSorted((a, b) => b.averageMs - a.averageMs).slice(0, LAYERS_SHOWN);
  const rows = slowest.map(({ name, averageMs, share, floorMs }) => [
    name.length > 60 ? `${name.slice(0, 59)}…` : name,
    shortNumber(averageMs),
    formatPercent(share, 1),
    floorMs === undefined ? NO_VALUE : shortNumber(floorMs),
  ]);
  const more = layers.length > slowest.length ? [`… and ${layers.length - slowest.length} layers more`] : [];
  return [alignColumns([["slowest layers", "ms", "share", "floor (ms)"], ...rows]), ...more];
}
