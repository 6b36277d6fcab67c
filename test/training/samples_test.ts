import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/random.ts";
import { mapImage, squareMap } from "../../src/training/augment/square_map.ts";
import { fillTarget, hasForeground, sparseTarget } from "../../src/training/samples.ts";
import { largestDifference } from "../golden.ts";

const SIZE = 16;
const PIXELS = SIZE * SIZE;

/** Shares `[classes, SIZE, SIZE]`: discs of the classes in turn, with half-covered rims. */
function discs(classes: number): Float32Array {
  const shares = new Float32Array(classes * PIXELS);
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const [row, column] = [Math.floor(pixel / SIZE), pixel % SIZE];
    for (let k = 1; k < classes; k++) {
      const distance = Math.hypot(row - 5 - k, column - 2 - 4 * k);
      shares[k * PIXELS + pixel] = distance < 1.5 ? 1 : distance < 2 ? 51 / 255 : 0;
    }
    let foreground = 0;
    for (let k = 1; k < classes; k++) foreground += shares[k * PIXELS + pixel] as number;
    shares[pixel] = 1 - foreground;
  }
  return shares;
}

test("sparseTarget() and fillTarget() give the shares back", () => {
  for (const classes of [2, 4]) {
    const shares = discs(classes);
    const target = sparseTarget(shares, { classes, size: SIZE });
    assert.ok(target.height < SIZE && target.width < SIZE);
    const filled = new Float32Array(classes * PIXELS).fill(NaN);
    fillTarget(filled, target, { channels: classes, size: SIZE });
    assert.ok(largestDifference(filled, shares) < 1e-6);
  }
  const single = new Float32Array(PIXELS).fill(NaN);
  fillTarget(single, sparseTarget(discs(2), { classes: 2, size: SIZE }), { channels: 1, size: SIZE });
  assert.ok(largestDifference(single, discs(2).subarray(PIXELS)) < 1e-6);
});

test("fillTarget() of a slice without foreground is background", () => {
  const background = new Float32Array(3 * PIXELS).fill(1, 0, PIXELS);
  const target = sparseTarget(background, { classes: 3, size: SIZE });
  assert.equal(hasForeground({ image: new Float32Array(0), target }), false);
  const filled = new Float32Array(3 * PIXELS).fill(NaN);
  fillTarget(filled, target, { channels: 3, size: SIZE, map: squareMap({ angle: 1 }) });
  assert.deepEqual(filled, background);
  const single = new Float32Array(PIXELS).fill(NaN);
  fillTarget(single, target, { channels: 1, size: SIZE });
  assert.ok(single.every((share) => share === 0));
});

test("fillTarget() moves a mask as mapImage() moves an image", () => {
  const random = new Random(2);
  const shares = discs(3);
  const target = sparseTarget(shares, { classes: 3, size: SIZE });
  for (let i = 0; i < 30; i++) {
    const map = squareMap({
      angle: random.uniform(-Math.PI, Math.PI),
      scale: random.uniform(0.7, 1.4),
      horizontal: random.uniform() < 0.5,
      vertical: random.uniform() < 0.5,
    });
    const [moved, filled] = [new Float32Array(3 * PIXELS), new Float32Array(3 * PIXELS)];
    mapImage(shares, moved, { size: SIZE, map });
    fillTarget(filled, target, { channels: 3, size: SIZE, map });
    assert.ok(largestDifference(moved, filled) < 1e-5, JSON.stringify(map));
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const sum = [0, 1, 2].reduce((total, k) => total + (filled[k * PIXELS + pixel] as number), 0);
      assert.ok(Math.abs(sum - 1) < 1e-6);
    }
  }
});

test("fillTarget() moves a mask at its size as the image at another", () => {
  // A disc whose centre lies 3 pixels of 16 to the right of the centre, at 16 and at 64 pixels.
  const disc = (size: number) => {
    const unit = size / 16;
    const inside = Float32Array.from({ length: size * size }, (_, pixel) => {
      const [x, y] = [(pixel % size) - (size - 1) / 2, Math.floor(pixel / size) - (size - 1) / 2];
      return Number(Math.hypot(x - 3 * unit, y) < 2.5 * unit);
    });
    return Float32Array.from([...inside.map((share) => 1 - share), ...inside]);
  };
  const centre = (shares: Float32Array, size: number) => {
    let [sum, x, y] = [0, 0, 0];
    shares.forEach((share, pixel) => {
      sum += share;
      x += share * ((pixel % size) - (size - 1) / 2) / size;
      y += share * (Math.floor(pixel / size) - (size - 1) / 2) / size;
    });
    return [x / sum, y / sum];
  };
  const map = squareMap({ angle: 1, scale: 1.2, horizontal: true });
  const image = new Float32Array(256);
  mapImage(disc(16).subarray(256), image, { size: 16, map });
  const mask = new Float32Array(4096);
  fillTarget(mask, sparseTarget(disc(64), { classes: 2, size: 64 }), { channels: 1, size: 64, map });
  assert.ok(largestDifference(centre(image, 16), centre(mask, 64)) < 0.003);
  // Turned by 1 radian clockwise, enlarged, then mirrored.
  assert.ok(largestDifference(centre(mask, 64), [-Math.cos(1) * 3.6 / 16, Math.sin(1) * 3.6 / 16]) < 0.003);
});

test("sparseTarget() keeps unknown pixels, and fillTarget() gives them to no class", () => {
  // Class 3 of four is unknown.
  const shares = discs(4);
  const target = sparseTarget(shares, { classes: 4, size: SIZE, ignored: true });
  const filled = new Float32Array(3 * PIXELS).fill(NaN);
  fillTarget(filled, target, { channels: 3, size: SIZE });
  assert.ok(largestDifference(filled, shares.subarray(0, 3 * PIXELS)) < 1e-6);
  const sums = Array.from(
    { length: PIXELS },
    (_, pixel) => [0, 1, 2].reduce((sum, k) => sum + (filled[k * PIXELS + pixel] as number), 0),
  );
  assert.ok(largestDifference(sums, shares.subarray(3 * PIXELS).map((unknown) => 1 - unknown)) < 1e-6);
  assert.ok(sums.some((sum) => Math.abs(sum) < 1e-6));
  const image = new Float32Array(0);
  assert.equal(hasForeground({ image, target }), true);
  const unknownOnly = Float32Array.from({ length: 2 * PIXELS }, (_, i) => Number((i < PIXELS) !== (i % PIXELS === 40)));
  assert.equal(
    hasForeground({ image, target: sparseTarget(unknownOnly, { classes: 2, size: SIZE, ignored: true }) }),
    false,
  );
});
