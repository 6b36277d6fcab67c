/** Prints the performance summary of each generation. */
import type { Generation } from "./generation.ts";
import type { InferenceResult, Query } from "./inference.ts";
import { formatNumber as g, info, warning } from "./printing.ts";

const ROWS: readonly (readonly [string, (query: Query) => number])[] = [
  ["Latency", (query) => query.endCopyOut - query.startCopyIn],
  ["End-to-End Host Latency", (query) => query.endCopyOut - query.startCopyIn],
  ["Enqueue Time", (query) => query.endEnqueue - query.startEnqueue],
  ["H2D Latency", (query) => query.startCompute - query.startCopyIn],
  ["GPU Compute Time", (query) => query.endCompute - query.startCompute],
  ["D2H Latency", (query) => query.endCopyOut - query.endCompute],
];

/** The lines from "Warmup completed" to the end of the summary. */
export function printSummary(generation: Generation, result: InferenceResult, warmUpMs: number): void {
  const timed = result.queries.slice(result.warmUpQueries);
  const first = timed[0];
  const last = timed.at(-1);
  if (!first || !last) return;
  const seconds = (last.endCopyOut - first.startCopyIn) / 1000;
  info(`Warmup completed ${result.warmUpQueries} queries over ${warmUpMs} ms`);
  info(`Timing trace has ${timed.length} queries over ${g(seconds)} s`);
  info("");
  info("=== Performance summary ===");
  info(`Throughput: ${g(timed.length / seconds)} qps`);
  for (const [name, of] of ROWS) {
    if (name.startsWith("End-to-End") && !generation.endToEnd) continue;
    info(`${name}: ${statistics(timed.map(of), generation.percentiles)}`);
  }
  info(`Total Host Walltime: ${g(seconds)} s`);
  const computing = timed.reduce((sum, query) => sum + query.endCompute - query.startCompute, 0);
  info(`Total GPU Compute Time: ${g(computing / 1000)} s`);
  const median = (of: (query: Query) => number) => middle(timed.map(of));
  if (median((q) => q.endEnqueue - q.startEnqueue) > 0.8 * median((q) => q.endCompute - q.startCompute)) {
    warning("* Throughput may be bound by Enqueue Time rather than GPU Compute and the GPU may be under-utilized.");
  }
  info("Explanations of the performance metrics are printed in the verbose logs.");
}

function statistics(times: readonly number[], percentiles: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const count = sorted.length;
  const mean = times.reduce((sum, time) => sum + time, 0) / count;
  const values: [string, number][] = [
    ["min", sorted[0] ?? NaN],
    ["max", sorted[count - 1] ?? NaN],
    ["mean", mean],
    ["median", middle(times)],
  ];
  for (const percent of percentiles) {
    // Index of sampleReporting.cpp: what the percentile leaves out is cut from the end.
    values.push([
      `percentile(${percent}%)`,
      sorted[Math.max(count - 1 - Math.floor((1 - percent / 100) * count), 0)] ?? NaN,
    ]);
  }
  return values.map(([name, value]) => `${name} = ${g(value)} ms`).join(", ");
}

function middle(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] ?? NaN : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}
