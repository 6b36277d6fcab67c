/** Runs something again and again and notes how long it takes. */
import { FEWEST_SAMPLES } from "./percentiles.ts";

/** How long to measure. */
export interface MeasureOptions {
  /** Runs that are not counted: at least so long and so many. */
  readonly warmUpMs: number;
  readonly warmUpRuns: number;
  /** Runs that are counted: at least so long, and {@link FEWEST_SAMPLES} at least, however long these take. */
  readonly durationMs: number;
  /** Called about once a second with the share that is done, 0 to 1. */
  readonly progress?: (share: number) => void;
  /** A clock in ms. */
  readonly now?: () => number;
}

/** The latency of every counted run in ms. */
export async function measureLatency(run: () => Promise<void>, options: MeasureOptions): Promise<Float64Array> {
  const { warmUpMs, warmUpRuns, durationMs, progress, now = () => performance.now() } = options;
  const warmUpStart = now();
  for (let runs = 0; runs < warmUpRuns || now() - warmUpStart < warmUpMs; runs++) await run();
  let samples = new Float64Array(1024);
  let count = 0;
  const start = now();
  let reported = start;
  for (let before = start;;) {
    await run();
    const after = now();
    if (count === samples.length) {
      const grown = new Float64Array(2 * count);
      grown.set(samples);
      samples = grown;
    }
    samples[count++] = after - before;
    const elapsed = after - start;
    if (elapsed >= durationMs && count >= FEWEST_SAMPLES) break;
    if (after - reported >= 1000) {
      reported = after;
      progress?.(Math.min(1, elapsed / durationMs, count / FEWEST_SAMPLES));
    }
    before = now();
  }
  return samples.slice(0, count);
}
