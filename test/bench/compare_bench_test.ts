import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type BenchReport, readBenchReport } from "../../src/bench/bench_report.ts";
import { compareBench, comparisonTable } from "../../src/bench/compare_bench.ts";
import { latencyStatistics } from "../../src/bench/percentiles.ts";
import { Failure } from "../../src/failure.ts";

function report(ms: number, more: Partial<BenchReport> = {}): BenchReport {
  const latencyMs = latencyStatistics(new Float64Array(200).fill(ms));
  return {
    backend: "onnxruntime",
    device: "2 × CPU",
    model: "runs/a/model.onnx",
    batch: 1,
    latencyMs,
    fps: 1000 / ms,
    samples: 200,
    peakMemoryBytes: 100 * 2 ** 20,
    notes: [],
    ...more,
  };
}

test("compareBench() gives ratios to the first report, and only rows that a report has", () => {
  const rows = compareBench([report(4), report(2, { backend: "trtexec", powerMw: 5000 })]);
  const row = (name: string) => rows.find((candidate) => candidate.name === name);
  assert.deepEqual(row("median"), { name: "median", unit: "ms", values: [4, 2], ratios: [1, 0.5] });
  assert.deepEqual(row("images")?.values, [250, 500]);
  assert.deepEqual(row("power"), {
    name: "power",
    unit: "mW",
    values: [undefined, 5000],
    ratios: [undefined, undefined],
  });
  assert.equal(row("network"), undefined);
});

test("comparisonTable() puts reports side by side", () => {
  const other = report(2, { peakMemoryBytes: 50 * 2 ** 20, model: "runs/b/model.onnx" });
  const [head, median, , , , , , memory] = comparisonTable([report(4), other]).split("\n");
  assert.match(head ?? "", /^ +onnxruntime a\/model\.onnx +onnxruntime b\/model\.onnx$/);
  assert.match(comparisonTable([report(4)]), /^ +onnxruntime model\.onnx\n/);
  assert.match(median ?? "", /^median \(ms\) +4 +2 \(×0\.50\)$/);
  assert.match(memory ?? "", /^peak memory \(MiB\) +100 +50 \(×0\.50\)$/);
});

test("readBenchReport() reads what seg bench wrote and refuses anything else in one sentence", () => {
  const folder = mkdtempSync(join(tmpdir(), "seg-bench-"));
  try {
    const path = join(folder, "report.json");
    writeFileSync(path, JSON.stringify(report(3)));
    assert.deepEqual(readBenchReport(path), report(3));
    const { backend, device, latencyMs, fps, samples } = report(3);
    const latencyWithoutMedian = { ...latencyMs, p50: "fast" };
    for (
      const [content, complaint] of [
        ["{", /^Cannot read .*report\.json/],
        ["[]", /it holds \[\], expected an object; give a file that seg bench --json wrote$/],
        [JSON.stringify({ latencyMs }), /backend is missing, expected one of onnxruntime, trtexec/],
        [
          JSON.stringify({ backend, device, latencyMs: latencyWithoutMedian }),
          /latencyMs\.p50 is "fast", expected a number/,
        ],
        [
          JSON.stringify({ backend, device, latencyMs, fps, samples: -1 }),
          /samples is -1, expected a whole number from 1/,
        ],
      ] as const
    ) {
      writeFileSync(path, content);
      assert.throws(
        () => readBenchReport(path),
        (error: unknown) => error instanceof Failure && complaint.test(error.message),
      );
    }
    writeFileSync(path, JSON.stringify({ backend, device, latencyMs, fps, samples }));
    assert.deepEqual([readBenchReport(path).batch, readBenchReport(path).notes], [1, []]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
