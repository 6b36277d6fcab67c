import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/random.ts";
import { AUGMENTATIONS, createAugmentation, type MirrorAxes } from "../../src/training/augmentations.ts";
import { epochBatches, fillBatch } from "../../src/training/batches.ts";
import { type Sample, sparseTarget } from "../../src/training/samples.ts";

const [INPUT, OUTPUT, CHANNELS] = [8, 16, 2];

/** Samples of which every third has foreground: a square at the upper left, where the image is bright. */
function makeSamples(count: number): Sample[] {
  const random = new Random(9);
  return Array.from({ length: count }, (_, i) => {
    const shares = new Float32Array(2 * OUTPUT * OUTPUT).fill(1, 0, OUTPUT * OUTPUT);
    const image = Float32Array.from({ length: CHANNELS * INPUT * INPUT }, () => random.normal(0, 0.1));
    if (i % 3 === 0) {
      for (let pixel = 0; pixel < OUTPUT * OUTPUT; pixel++) {
        if (pixel % OUTPUT >= 6 || Math.floor(pixel / OUTPUT) >= 4) continue;
        shares[pixel] = 0;
        shares[OUTPUT * OUTPUT + pixel] = 1;
        const [row, column] = [Math.floor(pixel / OUTPUT / 2), Math.floor((pixel % OUTPUT) / 2)];
        for (let channel = 0; channel < CHANNELS; channel++) image[(channel * INPUT + row) * INPUT + column] = 5;
      }
    }
    return { image, target: sparseTarget(shares, { classes: 2, size: OUTPUT }) };
  });
}

const samples = makeSamples(60);
const isForeground = (i: number) => i % 3 === 0;

test("epochBatches() takes all slices with foreground and a part of the others", () => {
  const batches = epochBatches(samples, { seed: 1, epoch: 1, batch: 5, backgroundRatio: 0.5 });
  assert.equal(batches.length, 6);
  const chosen = batches.flat();
  assert.equal(new Set(chosen).size, 30);
  assert.equal(chosen.filter(isForeground).length, 20);
  const all = epochBatches(samples, { seed: 1, epoch: 1, batch: 7, backgroundRatio: 100 });
  assert.deepEqual(all.map((batch) => batch.length), new Array(8).fill(7));
  assert.equal(new Set(all.flat()).size, 56);
  assert.ok(epochBatches(samples, { seed: 1, epoch: 1, batch: 5, backgroundRatio: 0 }).flat().every(isForeground));
});

test("epochBatches() depends on seed and epoch alone", () => {
  const options = { seed: 1, epoch: 3, batch: 5, backgroundRatio: 0.5 };
  assert.deepEqual(epochBatches(samples, options), epochBatches(samples, options));
  assert.notDeepEqual(epochBatches(samples, options), epochBatches(samples, { ...options, epoch: 4 }));
  assert.notDeepEqual(epochBatches(samples, options), epochBatches(samples, { ...options, seed: 2 }));
});

test("epochBatches() repeats fewer samples than a batch, and makes nothing of none", () => {
  const [batch, ...others] = epochBatches(samples.slice(0, 3), { seed: 0, epoch: 1, batch: 8, backgroundRatio: 9 });
  assert.equal(others.length, 0);
  assert.deepEqual([...new Set(batch)].sort(), [0, 1, 2]);
  assert.equal(batch?.length, 8);
  assert.deepEqual(epochBatches([], { seed: 0, epoch: 1, batch: 8, backgroundRatio: 9 }), []);
});

test("epochBatches() deals the share of foreground to every batch, all slices equally often", () => {
  const batches = epochBatches(samples, { seed: 1, epoch: 1, batch: 10, backgroundRatio: 100, foregroundShare: 0.6 });
  assert.equal(batches.length, 6);
  for (const batch of batches) assert.ok(batch.filter(isForeground).length >= 6);
  const counts = new Map<number, number>();
  for (const i of batches.flatMap((batch) => batch.slice(0, 6))) counts.set(i, (counts.get(i) ?? 0) + 1);
  assert.equal(counts.size, 20);
  assert.ok([...counts.values()].every((count) => count === 1 || count === 2));
});

test("epochBatches() rounds the share of foreground to the nearest number of slices", () => {
  const dealt = (foregroundShare: number) => {
    const batches = epochBatches(samples, { seed: 1, epoch: 1, batch: 4, backgroundRatio: 100, foregroundShare });
    return Math.min(...batches.map((batch) => batch.findIndex((i) => !isForeground(i)) + 1 || 5)) - 1;
  };
  // 2.64 and 2.4 of 4.
  assert.deepEqual([dealt(0.66), dealt(0.6)], [3, 2]);
});

function filled(
  name: string,
  seed: number,
  mirror: MirrorAxes = "both",
): { image: Float32Array; target: Float32Array } {
  const chosen = samples.filter((_, i) => isForeground(i));
  const image = new Float32Array(chosen.length * CHANNELS * INPUT * INPUT).fill(NaN);
  const target = new Float32Array(chosen.length * OUTPUT * OUTPUT).fill(NaN);
  fillBatch({ image, target }, chosen, {
    inputSize: INPUT,
    outputSize: OUTPUT,
    channels: CHANNELS,
    classes: 1,
    augmentation: createAugmentation({ name, mirror, labels: 1 }),
    random: new Random(seed),
  });
  return { image, target };
}

test("fillBatch() gives the same bits for the same seed", () => {
  for (const name of Object.keys(AUGMENTATIONS)) {
    assert.deepEqual(filled(name, 7), filled(name, 7));
    const { image, target } = filled(name, 7);
    assert.ok(image.every(Number.isFinite) && target.every((share) => share >= 0 && share <= 1));
    if (name !== "none") assert.notDeepEqual(filled(name, 7), filled(name, 8));
  }
});

test("fillBatch() moves image and mask together", () => {
  for (const name of ["none", "flips", "mri", "mri-strong"]) {
    const { image, target } = filled(name, 3);
    for (let i = 0; i < 20; i++) {
      // Where the mask, averaged to the image's grid, covers a pixel, the image is brighter than elsewhere.
      let [inside, outside, covered] = [0, 0, 0];
      for (let pixel = 0; pixel < INPUT * INPUT; pixel++) {
        const [row, column] = [2 * Math.floor(pixel / INPUT), 2 * (pixel % INPUT)];
        const first = i * OUTPUT * OUTPUT + row * OUTPUT + column;
        const share = [0, 1, OUTPUT, OUTPUT + 1].reduce((sum, at) => sum + (target[first + at] as number) / 4, 0);
        covered += share;
        inside += share * (image[i * CHANNELS * INPUT * INPUT + pixel] as number);
        outside += (1 - share) * (image[i * CHANNELS * INPUT * INPUT + pixel] as number);
      }
      assert.ok(inside / covered > 2 + outside / (INPUT * INPUT - covered), `${name}, sample ${i}`);
    }
  }
});

test("createAugmentation() mirrors the axes that it is told, and none for mri with several classes", () => {
  const seen = (name: string | undefined, options: { mirror?: MirrorAxes; labels: number }) => {
    const augmentation = createAugmentation({ name, ...options });
    const random = new Random(0);
    const maps = Array.from({ length: 40 }, () => augmentation.place(random)).filter(({ b, a, d }) =>
      b === 0 && Math.abs(a) === 1 && Math.abs(d) === 1
    );
    return [...new Set(maps.map(({ a, d }) => `${a},${d}`))].sort();
  };
  const both = ["-1,-1", "-1,1", "1,-1", "1,1"];
  assert.deepEqual(seen("flips", { labels: 1 }), both);
  assert.deepEqual(seen(undefined, { labels: 1 }), both);
  assert.deepEqual(seen(undefined, { labels: 2 }), ["1,1"]);
  assert.deepEqual(seen("flips", { labels: 2 }), both);
  assert.deepEqual(seen("flips", { labels: 1, mirror: "horizontal" }), ["-1,1", "1,1"]);
  assert.deepEqual(seen("mri", { labels: 1, mirror: "vertical" }), ["1,-1", "1,1"]);
  assert.deepEqual(seen("mri", { labels: 1 }), both);
  assert.deepEqual(seen("mri", { labels: 2 }), ["1,1"]);
  assert.deepEqual(seen("mri-strong", { labels: 2 }), ["1,1"]);
  assert.throws(() => createAugmentation({ name: "warp", labels: 1 }), {
    message: "No augmentation is called warp: choose one of none, flips, mri, mri-strong",
  });
});

test("epochBatches() goes through a small data set until there are enough batches", () => {
  const options = { seed: 1, epoch: 1, batch: 5, backgroundRatio: 0 };
  const once = epochBatches(samples, options);
  const often = epochBatches(samples, { ...options, minimumBatches: 3 * once.length });
  assert.equal(often.length, 3 * once.length);
  assert.deepEqual(often.slice(0, once.length), once);
  const uses = new Map<number, number>();
  for (const i of often.flat()) uses.set(i, (uses.get(i) ?? 0) + 1);
  assert.ok([...uses.values()].every((count) => count === 2 || count === 3 || count === 4));
});
