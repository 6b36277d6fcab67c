import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyStatistics } from "../../src/bench/percentiles.ts";
import { Failure } from "../../src/failure.ts";
import { Random } from "../../src/random.ts";

test("latencyStatistics() gives nearest-rank percentiles", () => {
  const shuffled = new Random(1).shuffle(Array.from({ length: 100 }, (_, i) => i + 1));
  const statistics = latencyStatistics(shuffled);
  assert.deepEqual(
    { ...statistics, variation: undefined },
    { samples: 100, min: 1, mean: 50.5, p50: 50.5, p90: 90, p95: 95, p99: 99, max: 100, variation: undefined },
  );
  assert.ok(Math.abs(statistics.variation - Math.sqrt(833.25) / 50.5) < 1e-12);
});

test("latencyStatistics() follows the definition for any count", () => {
  const random = new Random(2);
  for (const count of [100, 101, 137, 1000]) {
    const samples = Array.from({ length: count }, () => random.uniform(1, 2));
    const statistics = latencyStatistics(samples);
    for (const [percent, value] of [[90, statistics.p90], [95, statistics.p95], [99, statistics.p99]] as const) {
      const notAbove = samples.filter((sample) => sample <= value).length;
      const below = samples.filter((sample) => sample < value).length;
      assert.ok(100 * notAbove >= percent * count && 100 * below < percent * count);
    }
  }
});

test("latencyStatistics() refuses too few samples and times that are not finite", () => {
  assert.throws(
    () => latencyStatistics(new Float64Array(99)),
    (error) => error instanceof Failure && /99 samples: at least 100.*--duration/.test(error.message),
  );
  const samples = new Float64Array(200).fill(1);
  samples[7] = NaN;
  assert.throws(() => latencyStatistics(samples), /not finite/);
});
