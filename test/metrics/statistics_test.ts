import assert from "node:assert/strict";
import { test } from "node:test";
import { bcaInterval, resampleMeans } from "../../src/metrics/bootstrap.ts";
import { comparePaired } from "../../src/metrics/compare.ts";
import { normalCdf, normalQuantile } from "../../src/metrics/normal_distribution.ts";
import { medianInterval, percentile, selectPercentile } from "../../src/metrics/order_statistics.ts";
import { wilcoxonSignedRank } from "../../src/metrics/wilcoxon.ts";
import { Random } from "../../src/random.ts";

function near(actual: number, expected: number, relative = 1e-11): void {
  assert(Math.abs(actual - expected) <= relative * Math.max(Math.abs(expected), 1e-300), `${actual}, not ${expected}`);
}

// Known values of this file: scipy 1.17.1.

test("normalCdf() and normalQuantile() agree with scipy.stats.norm", () => {
  const known: [number, number][] = [
    [-8, 6.22096057427174e-16],
    [-3.5, 0.00023262907903552502],
    [-2.999, 0.0013543365337271057],
    [-1, 0.15865525393145707],
    [-0.1, 0.460172162722971],
    [0, 0.5],
    [0.5, 0.6914624612740131],
    [1.96, 0.9750021048517795],
    [3.2, 0.9993128620620841],
  ];
  for (const [x, p] of known) near(normalCdf(x), p);
  near(normalQuantile(1e-10), -6.361340902404056);
  near(normalQuantile(0.001), -3.090232306167813);
  near(normalQuantile(0.975), 1.959963984540054);
  near(normalQuantile(0.9999), 3.719016485455709);
  assert(Math.abs(normalQuantile(0.5)) < 1e-12);
  assert.deepEqual([normalQuantile(0), normalQuantile(1)], [-Infinity, Infinity]);
});

test("selectPercentile() is the percentile of the sorted list, ties included, and leaves the list as it is", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const values = Float64Array.from({ length: 1 + random.integer(60) }, () => random.integer(1 + seed));
    const before = values.slice();
    for (const fraction of [0, 0.3, 0.5, 0.95, 1]) {
      assert.equal(selectPercentile(values, fraction), percentile(before.toSorted(), fraction), `seed ${seed}`);
    }
    assert.deepEqual(values, before);
  }
});

test("percentile() interpolates linearly", () => {
  assert.equal(percentile([1, 2, 4, 8], 0.5), 3);
  assert.equal(percentile([1, 2, 4, 8], 1), 8);
  assert.equal(percentile([7], 0.95), 7);
});

test("medianInterval() takes the ranks of the binomial distribution", () => {
  const ranks = [6, 10, 16, 50, 101, 2000].map((n) => medianInterval(Array.from({ length: n }, (_, i) => i + 1)));
  assert.deepEqual(ranks, [[1, 6], [2, 9], [4, 13], [18, 33], [41, 61], [956, 1045]]);
  assert.equal(medianInterval([1, 2, 3, 4, 5]), null);
});

function meanInterval(values: readonly number[], draws: number, seed = 0) {
  return bcaInterval(resampleMeans([Float64Array.from(values)], { random: new Random(seed), draws })[0]!);
}

test("bcaInterval() agrees with scipy.stats.bootstrap on skewed values", () => {
  const dice = [0.91, 0.88, 0.93, 0.85, 0.79, 0.9, 0.92, 0.62, 0.87, 0.94, 0.89, 0.41, 0.9, 0.86, 0.95, 0.83];
  const [low, high] = meanInterval(dice, 50_000)!;
  // The plain percentile interval would be 0.766875 to 0.89625.
  assert(Math.abs(low - 0.73625) < 0.002 && Math.abs(high - 0.886875) < 0.001, `${low} to ${high}`);
});

test("bcaInterval() is the same for the same seed, one point for equal values, and null for one", () => {
  assert.deepEqual(meanInterval([1, 2, 4, 9], 500, 7), meanInterval([1, 2, 4, 9], 500, 7));
  assert.notDeepEqual(meanInterval(UNTIED, 500, 7), meanInterval(UNTIED, 500, 8));
  assert.deepEqual(meanInterval([0.5, 0.5, 0.5], 500), [0.5, 0.5]);
  assert.equal(meanInterval([0.5], 500), null);
  assert.equal(meanInterval([NaN, 0.5, NaN, NaN], 500), null, "one patient has a value, others none");
  assert.notEqual(meanInterval([NaN, 0.5, 0.75], 500), null);
});

test("bcaInterval() covers the true mean about as often as it says", () => {
  const random = new Random(3);
  let covered = 0;
  for (let trial = 0; trial < 200; trial++) {
    const [low, high] = meanInterval(Array.from({ length: 60 }, () => random.normal(2, 1)), 600, trial)!;
    if (low <= 2 && 2 <= high) covered++;
  }
  assert(covered >= 180 && covered <= 199, String(covered));
});

test("wilcoxonSignedRank() is exact without ties", () => {
  const found = wilcoxonSignedRank([0.021, -0.004, 0.013, 0.035, -0.011, 0.002, 0.018, 0.027, -0.006, 0.041]);
  assert.deepEqual([found.n, found.positiveRanks, found.negativeRanks, found.method], [10, 46, 9, "exact"]);
  near(found.pValue, 0.064453125);
  // All of n positive: 2 of 2^n sign patterns are as extreme.
  near(wilcoxonSignedRank([1, 2, 3, 4, 5]).pValue, 2 / 32);
});

test("wilcoxonSignedRank() is exact with ties, and leaves out zeros", () => {
  const found = wilcoxonSignedRank([1, 2, -2, 3, 0, 4, 4, -1, 5, 0, 6, 2]);
  assert.deepEqual([found.n, found.negativeRanks, found.method], [10, 5.5, "exact"]);
  near(found.pValue, 0.025390625);
});

// deno-fmt-ignore
const UNTIED = [
  0.226, -0.032, 0.74, 0.205, -0.436, 0.462, 1.404, 1.047, -0.604, -1.165, -0.523, 0.141, -2.225, -0.119, -1.146, -0.632,
  -0.444, -0.216, 0.512, 1.143, -0.029, 1.466, -0.565, 0.452, 1.003, 0.194, -0.643, -0.822, -0.358, 0.32, -0.91, -0.109,
  -0.059, 0.641, 0.315, 0.455, -0.554, -0.03, 0.884, 1.593, -1.159, 1.614, 1.446, 0.881, 0.364, -0.214, 1.558, 2.06, 1.902,
  1.415, 0.457, -1.108, 0.096, 0.756, -1.188, 0.495, 0.53, 0.796, -1.084, -0.562,
];
// deno-fmt-ignore
const TIED = [
  2, 0, 6, -2, 6, -4, 2, 2, 5, -1, 5, 3, 5, -2, 4, 6, -4, 0, 3, -3, 1, 2, 4, 6, 0, 0, 1, 6, -2, 1, -4, 0, 6, 2, -1, 6, 2, 6, -4,
  1, 5, 4, 0, 1, 0, 1, -2, 4, -4, 0, -1, 4, 4, 3, 6, 6, -2, -3, -3, 4,
];

test("wilcoxonSignedRank() approximates over 50 differences, corrected for ties", () => {
  const untied = wilcoxonSignedRank(UNTIED);
  assert.deepEqual([untied.negativeRanks, untied.method], [731, "normal"]);
  near(untied.pValue, 0.17556577014041042);
  const tied = wilcoxonSignedRank([...TIED]);
  assert.deepEqual([tied.n, tied.negativeRanks], [52, 323]);
  near(tied.pValue, 0.0008149402165745046);
});

test("wilcoxonSignedRank() finds nothing in no differences", () => {
  assert.deepEqual(wilcoxonSignedRank([0, 0]).pValue, 1);
  near(wilcoxonSignedRank([3, -3]).pValue, 1);
});

test("comparePaired() pairs by patient and names those left out", () => {
  const first = new Map([["a", 0.8], ["b", 0.7], ["c", 0.9], ["d", null], ["e", 0.5]]);
  const second = new Map([["b", 0.75], ["a", 0.9], ["c", 0.9], ["d", 0.4], ["f", 0.5]]);
  const found = comparePaired(first, second, { draws: 200, seed: 4 });
  assert.deepEqual([found.n, found.higher, found.equal, found.lower], [3, 2, 1, 0]);
  assert.deepEqual(found.leftOut, ["d", "e", "f"]);
  near(found.meanDifference!, 0.05, 1e-9);
  near(found.medianDifference!, 0.05, 1e-9);
  assert.deepEqual(found.differences.map((d) => d.patient), ["a", "b", "c"]);
  assert.deepEqual([found.seed, found.draws, found.confidence], [4, 200, 0.95]);
});

test("comparePaired() of models without a common patient has no numbers", () => {
  const found = comparePaired(new Map([["a", 1]]), new Map([["b", 1]]), { draws: 10 });
  assert.deepEqual([found.n, found.meanDifference, found.medianDifference, found.meanInterval], [0, null, null, null]);
});

test("comparePaired() changes its sign with the order of the models", () => {
  const random = new Random(1);
  const first = new Map(Array.from({ length: 30 }, (_, i) => [`p${i}`, random.uniform()]));
  const second = new Map([...first].map(([p, v]) => [p, v + random.normal(0.1, 0.1)]));
  const forward = comparePaired(first, second, { draws: 2000 });
  const backward = comparePaired(second, first, { draws: 2000 });
  near(forward.meanDifference!, -backward.meanDifference!, 1e-9);
  near(forward.wilcoxon.pValue, backward.wilcoxon.pValue);
  assert(forward.meanInterval![0] > 0 && backward.meanInterval![1] < 0);
});

test("normalCdf() of NaN is NaN", () => {
  assert.ok(Number.isNaN(normalCdf(NaN)));
});

test("bcaInterval() of a single draw ends", () => {
  const interval = bcaInterval({ mean: 0.5, draws: Float64Array.of(0.7), leftOut: Float64Array.of(0.4, 0.6) });
  assert.deepEqual(interval, [0.7, 0.7]);
});
