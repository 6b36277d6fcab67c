import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/random.ts";
import {
  addNoise,
  applyBiasField,
  BIAS_COEFFICIENTS,
  blur,
  brighten,
  changeContrast,
  changeGamma,
  lowerResolution,
} from "../../src/training/augment/intensities.ts";
import { largestDifference } from "../golden.ts";

const SIZE = 16;
const original = Float32Array.from(
  { length: SIZE * SIZE },
  (_, i) => Math.sin(0.7 * (i % SIZE)) + Math.cos(0.4 * Math.floor(i / SIZE)) + 0.3 * Math.sin(i),
);

function changed(change: (channel: Float32Array) => void, from: Float32Array = original): Float32Array {
  const copy = from.slice();
  change(copy);
  return copy;
}

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: Float32Array) => {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length);
};
const range = (values: Float32Array) => [Math.min(...values), Math.max(...values)] as const;

test("changes with the parameters of the identity change nothing", () => {
  const identities: Record<string, (channel: Float32Array) => void> = {
    addNoise: (channel) => addNoise(channel, 0, new Random(0)),
    brighten: (channel) => brighten(channel, 1),
    changeContrast: (channel) => changeContrast(channel, 1),
    changeGamma: (channel) => changeGamma(channel, { gamma: 1 }),
    "changeGamma inverted": (channel) => changeGamma(channel, { gamma: 1, inverted: true }),
    blur: (channel) => blur(channel, SIZE, 0),
    lowerResolution: (channel) => lowerResolution(channel, SIZE, 1),
    applyBiasField: (channel) => applyBiasField(channel, SIZE, new Array(BIAS_COEFFICIENTS).fill(0)),
  };
  for (const [name, change] of Object.entries(identities)) {
    assert.ok(largestDifference(changed(change), original) < 1e-6, name);
  }
});

test("changes leave a constant channel finite and constant but for noise", () => {
  const flat = new Float32Array(SIZE * SIZE).fill(-0.7);
  const changes: ((channel: Float32Array) => void)[] = [
    (channel) => changeContrast(channel, 1.2),
    (channel) => changeGamma(channel, { gamma: 0.7 }),
    (channel) => changeGamma(channel, { gamma: 0.7, inverted: true }),
    (channel) => blur(channel, SIZE, 1),
    (channel) => lowerResolution(channel, SIZE, 0.5),
    (channel) => applyBiasField(channel, SIZE, new Array(BIAS_COEFFICIENTS).fill(0.5)),
  ];
  for (const change of changes) assert.ok(largestDifference(changed(change, flat), flat) < 1e-6);
});

test("addNoise() adds normal noise of the deviation, from the seed alone", () => {
  const large = new Float32Array(1 << 16);
  const noise = changed((channel) => addNoise(channel, 0.3, new Random(4)), large);
  assert.ok(Math.abs(deviation(noise) - 0.3) < 0.003 && Math.abs(mean(noise)) < 0.005);
  assert.deepEqual(changed((channel) => addNoise(channel, 0.3, new Random(4)), large), noise);
});

test("brighten() multiplies, and changeContrast() moves from the mean within the range", () => {
  assert.deepEqual(changed((channel) => brighten(channel, 1.25)), original.map((value) => 1.25 * value));
  const weaker = changed((channel) => changeContrast(channel, 0.75));
  assert.ok(Math.abs(mean(weaker) - mean(original)) < 1e-6);
  assert.ok(Math.abs(deviation(weaker) - 0.75 * deviation(original)) < 1e-6);
  const stronger = changed((channel) => changeContrast(channel, 1.25));
  assert.deepEqual(range(stronger), range(original));
  assert.ok(deviation(stronger) > deviation(original));
});

test("changeGamma() keeps order, mean and deviation, and bends the range", () => {
  for (const inverted of [false, true]) {
    const bent = changed((channel) => changeGamma(channel, { gamma: 1.5, inverted }));
    assert.ok(Math.abs(mean(bent) - mean(original)) < 1e-5);
    assert.ok(Math.abs(deviation(bent) - deviation(original)) < 1e-5);
    const order = (values: Float32Array) =>
      [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number));
    assert.deepEqual(order(bent), order(original));
    // gamma > 1 spreads the bright end; inverted, the dark end.
    const [low, high] = range(bent);
    const above = high - mean(bent) > range(original)[1] - mean(original);
    const below = mean(bent) - low > mean(original) - range(original)[0];
    assert.deepEqual([above, below], inverted ? [false, true] : [true, false]);
  }
});

test("blur() spreads a point as a Gaussian and keeps sums", () => {
  const point = new Float32Array(SIZE * SIZE);
  point[8 * SIZE + 7] = 1;
  const spread = changed((channel) => blur(channel, SIZE, 1), point);
  assert.ok(Math.abs(spread.reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
  const at = (row: number, column: number) => spread[row * SIZE + column] as number;
  assert.ok(Math.abs(at(8, 8) / at(8, 7) - Math.exp(-0.5)) < 1e-6);
  assert.ok(Math.abs(at(10, 8) / at(8, 7) - Math.exp(-2.5)) < 1e-6);
});

test("lowerResolution() keeps smooth ramps and loses single pixels' detail", () => {
  const ramp = Float32Array.from({ length: SIZE * SIZE }, (_, i) => i % SIZE);
  const low = changed((channel) => lowerResolution(channel, SIZE, 0.5), ramp);
  for (let row = 0; row < SIZE; row++) {
    for (let column = 2; column < SIZE - 2; column++) {
      // The kept pixels lie half a pixel beside the centres of the coarse ones.
      assert.ok(Math.abs((low[row * SIZE + column] as number) - (column + 0.5)) < 1e-5);
    }
  }
  const checkered = Float32Array.from({ length: SIZE * SIZE }, (_, i) => ((i % SIZE) + Math.floor(i / SIZE)) % 2);
  assert.ok(deviation(changed((channel) => lowerResolution(channel, SIZE, 0.5), checkered)) < 0.01);
  const tiny = changed((channel) => lowerResolution(channel, SIZE, 0.01), ramp);
  assert.ok(tiny.every((value) => value === tiny[0]));
});

test("applyBiasField() multiplies by e to the polynomial above the smallest intensity", () => {
  const tissue = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i === 0 ? -1 : 1));
  const coefficients = [0.5, -0.4, 0.3, 0.2, -0.1, 0.25, -0.35, 0.15, 0.45];
  const [x1, y1, x2, xy, y2, x3, x2y, xy2, y3] = coefficients as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const found = changed((channel) => applyBiasField(channel, SIZE, coefficients), tissue);
  const expected = tissue.map((value, i) => {
    const [x, y] = [(2 * (i % SIZE) + 1) / SIZE - 1, (2 * Math.floor(i / SIZE) + 1) / SIZE - 1];
    const power = x1 * x + y1 * y + x2 * x * x + xy * x * y + y2 * y * y + x3 * x ** 3 + x2y * x * x * y +
      xy2 * x * y * y +
      y3 * y ** 3;
    return -1 + (value + 1) * Math.exp(power);
  });
  assert.ok(largestDifference(found, expected) < 1e-5);
});
