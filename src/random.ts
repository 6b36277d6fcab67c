/** The seeded generator of everything random; its whole state is four numbers, so that it can stand in a checkpoint. */

/** The state of a {@link Random}: four unsigned 32-bit integers. */
export type RandomState = readonly [number, number, number, number];

/** xoshiro128** 1.1 (Blackman, Vigna 2018), seeded by splitmix32: the same numbers on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** Starts a sequence. @param seed any integer; equal seeds give equal sequences. A state continues where another generator stopped. */
  constructor(seed: number | RandomState) {
    if (typeof seed !== "number") {
      [this.#a, this.#b, this.#c, this.#d] = seed;
      return;
    }
    let s = seed | 0;
    const next = () => {
      s = (s + 0x9e3779b9) | 0;
      let z = s;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    [this.#a, this.#b, this.#c, this.#d] = [next(), next(), next(), next()];
  }

  /** The state from which `new Random(state)` continues. */
  get state(): RandomState {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  /** An integer of 32 uniform bits. */
  bits(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    this.#a >>>= 0;
    this.#b >>>= 0;
    this.#c >>>= 0;
    this.#d >>>= 0;
    return result;
  }

  /** A number in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** An integer in [0, count). */
  integer(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** A number of the normal distribution (Box–Muller, one of the pair). */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Puts `items` into a random order in place (Fisher–Yates) and returns it. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j] as T, items[i] as T];
    }
    return items;
  }

  /** An independent generator for a part of the work, e.g. one per sample: it depends on the state and on `label` alone. */
  fork(label: number): Random {
    return new Random((this.#a ^ Math.imul(this.#c, 31) ^ Math.imul(label + 1, 0x9e3779b9)) | 0);
  }
}
