/** How often an activation has which magnitude, and the magnitude at which INT8 should end. */

const BINS = 2048;

/** Steps of INT8 on one side of 0, as in {@link MagnitudeHistogram.entropyLimit}. */
const LEVELS = 128;

/** How far apart the limits are that {@link MagnitudeHistogram.entropyLimit} tries, in bins. */
const LIMIT_STEP = 8;

/** Counts of |x|; zeros, which are exact at any scale, are left out. The range doubles where a larger number comes. */
export class MagnitudeHistogram {
  readonly #counts = new Float64Array(BINS);
  #width = 0;
  #total = 0;
  #largest = 0;

  /** Largest magnitude seen. */
  get largest(): number {
    return this.#largest;
  }

  /** Counts `values`. @throws {RangeError} where one is NaN or infinite. */
  add(values: ArrayLike<number>): void {
    let largest = 0;
    for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i] as number));
    if (!Number.isFinite(largest)) throw new RangeError("an activation is not finite");
    if (largest === 0) return;
    this.#largest = Math.max(this.#largest, largest);
    if (this.#width === 0) this.#width = largest / BINS;
    while (largest > this.#width * BINS) this.#double();
    for (let i = 0; i < values.length; i++) {
      const magnitude = Math.abs(values[i] as number);
      if (magnitude === 0) continue;
      const bin = Math.min(BINS - 1, Math.floor(magnitude / this.#width));
      this.#counts[bin] = (this.#counts[bin] as number) + 1;
      this.#total++;
    }
  }

  /** The magnitude that `share` (0 to 1) of the numbers do not exceed; 1 where all were 0. */
  percentileLimit(share: number): number {
    if (this.#total === 0) return 1;
    let below = 0;
    for (let bin = 0; bin < BINS; bin++) {
      below += this.#counts[bin] as number;
      if (below >= share * this.#total) return Math.min(this.#largest, (bin + 1) * this.#width);
    }
    return this.#largest;
  }

  /**
   * The limit at which 128 levels tell least less than the histogram does, by the Kullback–Leibler divergence; what lies above counts
   * as at the limit (Migacz 2017, "8-bit Inference with TensorRT"). 1 where all numbers were 0.
   */
  entropyLimit(): number {
    if (this.#total === 0) return 1;
    const used = Math.min(BINS, Math.ceil(this.#largest / this.#width));
    let [best, least] = [used, Infinity];
    for (let limit = LEVELS; limit <= used; limit += LIMIT_STEP) {
      const divergence = this.#divergence(limit);
      if (divergence < least) [best, least] = [limit, divergence];
    }
    return Math.min(this.#largest, best * this.#width);
  }

  /** KL(P‖Q): P is what lies below `limit` with the rest in its last bin, Q the same without the rest, spread over its levels. */
  #divergence(limit: number): number {
    const counts = this.#counts.subarray(0, limit);
    const inside = counts.reduce((sum, count) => sum + count, 0);
    const outside = this.#total - inside;
    let divergence = 0;
    for (let level = 0; level < LEVELS; level++) {
      const [start, end] = [Math.round(level * limit / LEVELS), Math.round((level + 1) * limit / LEVELS)];
      let [sum, filled] = [0, 0];
      for (let bin = start; bin < end; bin++) {
        const count = counts[bin] as number;
        sum += count;
        if (count > 0) filled++;
      }
      for (let bin = start; bin < end; bin++) {
        const count = (counts[bin] as number) + (bin === limit - 1 ? outside : 0);
        if (count === 0) continue;
        // A bin that Q lacks would make the divergence infinite: it counts as one number of all.
        const q = (counts[bin] as number) === 0 ? 1 / this.#total : sum / filled / inside;
        divergence += count / this.#total * Math.log(count / this.#total / q);
      }
    }
    return divergence;
  }

  #double(): void {
    for (let bin = 0; bin < BINS; bin++) {
      const pair = 2 * bin < BINS ? (this.#counts[2 * bin] as number) + (this.#counts[2 * bin + 1] as number) : 0;
      this.#counts[bin] = pair;
    }
    this.#width *= 2;
  }
}
