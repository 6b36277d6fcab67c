/** Benchmarks side by side. */
import { alignColumns, NO_VALUE, shortNumber } from "../text.ts";
import type { BenchReport } from "./bench_report.ts";

/** One figure of all reports. */
export interface ComparisonRow {
  readonly name: string;
  readonly unit: string;
  /** By report; `undefined` where a report does not have it. */
  readonly values: readonly (number | undefined)[];
  /** Value over that of the first report. */
  readonly ratios: readonly (number | undefined)[];
}

const ROWS: readonly { name: string; unit: string; of: (report: BenchReport) => number | undefined }[] = [
  { name: "median", unit: "ms", of: ({ latencyMs }) => latencyMs.p50 },
  { name: "90th percentile", unit: "ms", of: ({ latencyMs }) => latencyMs.p90 },
  { name: "99th percentile", unit: "ms", of: ({ latencyMs }) => latencyMs.p99 },
  { name: "slowest", unit: "ms", of: ({ latencyMs }) => latencyMs.max },
  { name: "images", unit: "1/s", of: ({ fps }) => fps },
  { name: "throughput", unit: "1/s", of: ({ throughputFps }) => throughputFps },
  { name: "samples", unit: "", of: ({ samples }) => samples },
  { name: "peak memory", unit: "MiB", of: ({ peakMemoryBytes }) => mebibytes(peakMemoryBytes) },
  { name: "power", unit: "mW", of: ({ powerMw }) => powerMw },
  { name: "work", unit: "MFLOP", of: ({ flops }) => (flops === undefined ? undefined : flops / 1e6) },
  { name: "memory traffic", unit: "MiB", of: ({ bytes }) => mebibytes(bytes) },
  { name: "kernels", unit: "", of: ({ kernels }) => kernels },
  { name: "estimate", unit: "ms", of: ({ estimate }) => estimate?.ms },
  { name: "floor", unit: "ms", of: ({ floorMs }) => floorMs },
  { name: "floor reached", unit: "%", of: ({ floorShare }) => floorShare === undefined ? undefined : 100 * floorShare },
  { name: "before the network", unit: "ms", of: ({ stages }) => stages?.pre },
  { name: "network", unit: "ms", of: ({ stages }) => stages?.net },
  { name: "after the network", unit: "ms", of: ({ stages }) => stages?.post },
  { name: "a whole volume", unit: "ms", of: ({ volume }) => volume?.ms },
  { name: "slices of it", unit: "", of: ({ volume }) => volume?.slices },
  { name: "Dice", unit: "", of: ({ accuracy }) => accuracy?.dice ?? undefined },
];

/** The figures that at least one of `reports` has. */
export function compareBench(reports: readonly BenchReport[]): ComparisonRow[] {
  return ROWS.flatMap(({ name, unit, of }) => {
    const values = reports.map(of);
    if (values.every((value) => value === undefined)) return [];
    const [first] = values;
    const ratios = values.map((value) => (value === undefined || !first ? undefined : value / first));
    return [{ name, unit, values, ratios }];
  });
}

/** {@link compareBench} as a table: one column per report, ratios to the first in brackets. */
export function comparisonTable(reports: readonly BenchReport[], columns?: number): string {
  const head = ["", ...reports.map(({ backend, model }) => `${backend} ${shortName(model, reports)}`)];
  const body = compareBench(reports).map(({ name, unit, values, ratios }) => [
    unit === "" ? name : `${name} (${unit})`,
    ...values.map((value, i) => {
      if (value === undefined) return NO_VALUE;
      const ratio = ratios[i];
      return i === 0 || ratio === undefined ? shortNumber(value) : `${shortNumber(value)} (×${ratio.toFixed(2)})`;
    }),
  ]);
  return alignColumns([head, ...body], { columns });
}

/** The file's name, with its folder where another report has the same. */
function shortName(model: string, reports: readonly BenchReport[]): string {
  const end = (path: string, parts: number) => path.split(/[\\/]/).slice(-parts).join("/");
  const alone = reports.filter((other) => end(other.model, 1) === end(model, 1)).length === 1;
  return end(model, alone ? 1 : 2);
}

function mebibytes(bytes: number | undefined): number | undefined {
  return bytes === undefined || Number.isNaN(bytes) ? undefined : bytes / 2 ** 20;
}
