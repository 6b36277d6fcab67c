import assert from "node:assert/strict";
import { test } from "node:test";
import { type Affine, scalingAffine, type Volume } from "../../src/imaging/volume.ts";
import { modelOf } from "../../src/model/model.ts";
import { createPredictor, predictorOver } from "../../src/prediction/predictor.ts";
import { identityModel, type IdentityOptions, markedVolume } from "./identity_model.ts";

async function segment(
  volume: Volume,
  model: IdentityOptions,
  options: Parameters<Awaited<ReturnType<typeof createPredictor>>["segment"]>[1] = {},
) {
  const { bytes, metadata } = identityModel(model);
  const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1, batch: 4 });
  try {
    return await predictor.segment(volume, options);
  } finally {
    await predictor.release();
  }
}

/** All ways in which voxel axes can lie along world axes. */
function orientations(spacing: readonly number[]): Affine[] {
  const affines: Affine[] = [];
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    for (let signs = 0; signs < 8; signs++) {
      const affine = new Array<number>(16).fill(0);
      order.forEach((row, axis) => {
        affine[4 * row + axis] = (signs >> axis) & 1 ? -(spacing[axis] as number) : spacing[axis] as number;
        affine[4 * row + 3] = 7 * axis - 3;
      });
      affine[15] = 1;
      affines.push(affine);
    }
  }
  return affines;
}

test("segment() gives every voxel of a cube back in all 48 orientations and all planes", async () => {
  for (const plane of ["axial", "coronal", "sagittal"] as const) {
    const { bytes, metadata } = identityModel({ size: 8, plane });
    const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
    for (const affine of orientations([2, 2, 2])) {
      const volume = markedVolume([8, 8, 8], { affine });
      const { mask } = await predictor.segment(volume);
      assert.deepEqual([...mask.data], [...volume.data], `${plane}, affine ${affine.join(" ")}`);
      assert.deepEqual([mask.shape, mask.affine, mask.channels], [volume.shape, affine, 1]);
    }
    await predictor.release();
  }
});

test("segment() gives voxels of a slice that is not square back where pixels and voxels coincide", async () => {
  for (const shape of [[12, 16, 5], [16, 11, 6], [9, 16, 1]] as const) {
    const volume = markedVolume(shape, { affine: [-1, 0, 0, 5, 0, -1, 0, 9, 0, 0, 3, 0, 0, 0, 0, 1] });
    const { mask } = await segment(volume, { size: 16 });
    assert.deepEqual([...mask.data], [...volume.data], shape.join("×"));
  }
});

test("segment() keeps a box in its place where voxels are anisotropic within the slice", async () => {
  // 20 × 40 voxels of 2 × 1 mm make a square of 40 mm: 80 pixels, two and four to a voxel.
  const shape = [20, 40, 3] as const;
  const data = new Float32Array(20 * 40 * 3);
  for (let y = 4; y < 18; y++) for (let x = 2; x < 9; x++) data[x + 20 * (y + 40)] = 1;
  const volume: Volume = { data, shape, channels: 1, affine: scalingAffine([2, 1, 4]), spacingKnown: true };
  const { mask } = await segment(volume, { size: 80 });
  assert.deepEqual([...mask.data], [...data]);
});

test("segment() decides after resampling: a box seen at half the resolution has its area", async () => {
  const data = new Float32Array(32 * 32);
  for (let y = 8; y < 24; y++) for (let x = 4; x < 20; x++) data[x + 32 * y] = 1;
  const volume: Volume = {
    data,
    shape: [32, 32, 1],
    channels: 1,
    affine: scalingAffine([1, 1, 1]),
    spacingKnown: true,
  };
  const { mask } = await segment(volume, { size: 16 });
  assert.deepEqual([...mask.data], [...data]);
});

test("segment() reads channels in their order and gives their classes, with sigmoid and with softmax", async () => {
  const shape = [8, 8, 4] as const;
  const voxels = 8 * 8 * 4;
  const data = new Float32Array(3 * voxels);
  const expected = new Uint8Array(voxels);
  for (let i = 0; i < voxels; i++) {
    expected[i] = i % 4;
    if (i % 4 > 0) data[i + (i % 4 - 1) * voxels] = 1;
  }
  const affine = [0, 0, -3, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1];
  const volume: Volume = { data, shape, channels: 3, affine, spacingKnown: true };
  for (const activation of ["sigmoid", "softmax"] as const) {
    const { mask } = await segment(volume, { size: 8, channels: 3, activation, plane: "sagittal" });
    assert.deepEqual([...mask.data], [...expected], activation);
  }
});

test("segment() fills the last batch, and pads it for a model with a fixed batch", async () => {
  const volume = markedVolume([8, 8, 7], { affine: scalingAffine([1, 1, 1]) });
  for (const batch of [undefined, 1, 3, 16]) {
    const { mask } = await segment(volume, { size: 8, ...(batch !== undefined && { batch }) });
    assert.deepEqual([...mask.data], [...volume.data], `batch ${batch}`);
  }
});

test("segment() keeps probabilities on the file's grid", async () => {
  const affine = [0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1];
  const volume = markedVolume([8, 8, 3], { affine });
  const { probabilities } = await segment(volume, { size: 8 }, { keepProbabilities: true });
  const found = [...probabilities?.(1) ?? []].map((probability) => Math.round(probability * 1e4) / 1e4);
  assert.deepEqual(found, [...volume.data].map((value) => value === 1 ? 1 : 0));
});

test("segment() with mirror averages with the mirror image, which an identity does not change", async () => {
  const volume = markedVolume([8, 8, 3], { affine: scalingAffine([1, 1, 1]) });
  const { mask } = await segment(volume, { size: 8 }, { mirror: true });
  assert.deepEqual([...mask.data], [...volume.data]);
  await assert.rejects(
    segment(volume, { size: 8, plane: "sagittal" }, { mirror: true }),
    {
      name: "UsageFailure",
      message: "--mirror does not suit a model of sagittal slices: they have no left and right side",
    },
  );
});

test("segment() with mirror shows the network the mirrored square", async () => {
  // The network answers with the left half of what it sees, whatever side that is.
  const { metadata } = identityModel({ size: 8 });
  const run = (_images: Float32Array, count: number) => {
    const logits = Float32Array.from({ length: count * 64 }, (_, i) => i % 8 < 4 ? 10 : -10);
    return Promise.resolve({ logits, classes: 1, size: 8 });
  };
  const predictor = predictorOver({ run, batch: 2, release: () => Promise.resolve() }, metadata);
  const volume = markedVolume([8, 8, 3], { affine: scalingAffine([1, 1, 1]) });
  const options = { keepProbabilities: true, mirror: true };
  const probabilities = (await predictor.segment(volume, options)).probabilities?.(1) ?? [];
  for (const probability of probabilities) assert.ok(Math.abs(probability - 0.5) < 1e-6, `${probability}`);
});

test("segment() with largestComponent keeps one part of every class", async () => {
  const data = new Float32Array(16 * 16 * 4);
  for (const [x, y, z] of [[1, 1, 1], [2, 1, 1], [2, 2, 2], [9, 9, 1]] as const) data[x + 16 * (y + 16 * z)] = 1;
  const volume: Volume = {
    data,
    shape: [16, 16, 4],
    channels: 1,
    affine: scalingAffine([1, 1, 1]),
    spacingKnown: true,
  };
  const whole = await segment(volume, { size: 16 });
  assert.equal(whole.mask.data.reduce((a, b) => a + b), 4);
  const { mask } = await segment(volume, { size: 16 }, { largestComponent: true });
  assert.equal(mask.data.reduce((a, b) => a + b), 3);
  assert.equal(mask.data[9 + 16 * (9 + 16)], 0);
});

test("segment() takes a threshold for sigmoid alone", async () => {
  const volume = markedVolume([8, 8, 2], { affine: scalingAffine([1, 1, 1]) });
  for (let i = 0; i < volume.data.length; i++) volume.data[i] = 0.5 + 0.1 * (volume.data[i] as number);
  // Logits 0 and 2: probabilities 0.5 and 0.88.
  const low = await segment(volume, { size: 8 }, { threshold: 0.4 });
  assert.ok(low.mask.data.every((value) => value === 1));
  const high = await segment(volume, { size: 8 }, { threshold: 0.7 });
  assert.deepEqual([...high.mask.data], [...volume.data].map((value) => value > 0.55 ? 1 : 0));
  await assert.rejects(segment(volume, { size: 8, activation: "softmax" }, { threshold: 0.4 }), {
    name: "UsageFailure",
    message:
      "--threshold does not suit a model with softmax: its most probable class wins; seg tune weighs the classes",
  });
});

test("segment() stops with the reason of the signal, and refuses another number of channels", async () => {
  const volume = markedVolume([8, 8, 2], { affine: scalingAffine([1, 1, 1]) });
  const reason = new Error("stopped");
  await assert.rejects(segment(volume, { size: 8 }, { signal: AbortSignal.abort(reason) }), reason);
  await assert.rejects(segment(volume, { size: 8, channels: 2 }), {
    name: "RangeError",
    message: "The image has 1 channels, the model reads 2 (channel 0, channel 1)",
  });
});

test("createPredictor() names levels that are not there and providers that cannot run", async () => {
  const { bytes, metadata } = identityModel();
  await assert.rejects(createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { level: 3 }), {
    name: "Failure",
    message: "The model has no level 3: its levels are 0 to 0 (level_0)",
  });
  await assert.rejects(
    createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { provider: "cuda" }),
    (error: Error) => {
      assert.equal(error.name, "Failure");
      assert.match(
        error.message,
        /^Provider cuda does not run here: .*; with network and an NVIDIA GPU: npm rebuild /s,
      );
      return true;
    },
  );
});
