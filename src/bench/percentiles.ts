/** Statistics of latencies. */
import { Failure } from "../failure.ts";

/** Statistics of latencies in ms. */
export interface LatencyStatistics {
  readonly samples: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** Standard deviation over mean: above about 0.05 the clocks were not steady. */
  readonly variation: number;
}

/** A 99th percentile of fewer samples is their maximum, or nearly. */
export const FEWEST_SAMPLES = 100;

/**
 * Statistics of at least {@link FEWEST_SAMPLES} latencies.
 *
 * Percentiles are nearest-rank values, as those of trtexec: the smallest sample that at least p percent of the samples do not exceed.
 * The median of an even number is the mean of the two in the middle.
 *
 * @throws {Failure} where there are fewer samples or one is not a finite number.
 */
export function latencyStatistics(samplesMs: ArrayLike<number>): LatencyStatistics {
  const sorted = Float64Array.from(samplesMs).sort();
  const count = sorted.length;
  if (count < FEWEST_SAMPLES) {
    throw new Failure(
      `Cannot give percentiles of ${count} samples: at least ${FEWEST_SAMPLES} are needed; measure longer with --duration`,
    );
  }
  // Float64Array.sort puts NaN at the end and -Infinity at the front.
  if (!Number.isFinite(sorted[0]) || !Number.isFinite(sorted[count - 1])) {
    throw new Failure("Cannot give percentiles of latencies that are not finite; measure again");
  }
  const mean = sorted.reduce((sum, sample) => sum + sample, 0) / count;
  const variance = sorted.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / count;
  return {
    samples: count,
    min: sorted[0] as number,
    mean,
    p50: (at(sorted, (count - 1) >> 1) + at(sorted, count >> 1)) / 2,
    p90: percentile(sorted, 90),
    p95: percentile(sorted, 95),
    p99: percentile(sorted, 99),
    max: sorted[count - 1] as number,
    variation: mean > 0 ? Math.sqrt(variance) / mean : 0,
  };
}

/** Whole percents only, so that the rank is exact. */
function percentile(sorted: Float64Array, percent: number): number {
  return at(sorted, Math.ceil(percent * sorted.length / 100) - 1);
}

function at(sorted: Float64Array, index: number): number {
  return sorted[index] ?? NaN;
}
