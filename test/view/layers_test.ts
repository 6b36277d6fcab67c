import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { createNiftiGeometry, readNifti, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { scalingAffine, type Volume } from "../../src/imaging/volume.ts";
import { readLayers } from "../../src/view/layers.ts";
import { inFolder } from "../commands/run_program.ts";
import { putFiles, SHAPE } from "./made_files.ts";

function assertRefused(read: () => unknown, message: RegExp): void {
  assert.throws(read, (error: Error) => error instanceof Failure && message.test(error.message));
}

test("readLayers() gives NIfTI of values as they are, and of labels by number", async () => {
  await inFolder(async (folder) => {
    await Promise.resolve();
    const files = putFiles(folder);
    const layers = readLayers(files);
    assert.deepEqual(layers.map(({ kind }) => kind), ["volume", "probabilities", "prediction", "reference"]);
    assert.deepEqual(layers.map(({ labels }) => labels), [[], [], [1, 7], [1, 7]]);
    assert.deepEqual(layers.map(({ channels }) => channels), [1, 2, 1, 1]);
    const [volume, , , reference] = layers.map(({ bytes }, i) => {
      const path = join(folder, `layer_${i}.nii`);
      writeFileSync(path, bytes);
      return readNifti(path).volume;
    });
    assert.deepEqual(volume, readNifti(files.volume).volume);
    const stored = readNifti(files.reference).volume.data;
    assert.deepEqual(reference?.data, Uint8Array.from(stored, (value) => value === 7 ? 2 : value));
  });
});

test("readLayers() refuses what does not fit the volume", async () => {
  await inFolder(async (folder) => {
    await Promise.resolve();
    const files = putFiles(folder);
    const write = (name: string, change: Partial<Volume>): string => {
      const volume = { ...readNifti(files.reference).volume, ...change };
      writeNiftiVolume(join(folder, name), volume, createNiftiGeometry(volume));
      return join(folder, name);
    };
    const half = write("half.nii", { shape: [24, 20, 8], data: new Uint8Array(24 * 20 * 8) });
    assertRefused(() => readLayers({ ...files, reference: half }), /half\.nii: found shape 24×20×8, expected 24×20×16/);
    const coarse = write("coarse.nii", { affine: scalingAffine([1, 1, 3]) });
    assertRefused(() => readLayers({ ...files, prediction: coarse }), /coarse\.nii: found voxels of 1×1×3 mm/);
    const moved = write("moved.nii", { affine: [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1] });
    assertRefused(
      () => readLayers({ ...files, probabilities: moved }),
      /moved\.nii: found corners up to 5.* is wrong$/,
    );
    assertRefused(() => readLayers({ ...files, prediction: files.probabilities }), /--prediction: found 2 channels/);
    const fractions = write("fractions.nii", { data: new Float32Array(SHAPE[0] * SHAPE[1] * SHAPE[2]).fill(0.4) });
    assertRefused(() => readLayers({ ...files, reference: fractions }), /fractions\.nii: found/);
    assertRefused(() => readLayers({ ...files, probabilities: files.volume }), /values from 0 to \d+, expected 0 to 1/);
  });
});

test("readLayers() refuses other formats, and sizes by the header alone", async () => {
  await inFolder(async (folder) => {
    await Promise.resolve();
    const files = putFiles(folder);
    const text = join(folder, "text.nii");
    writeFileSync(text, "no image".repeat(100));
    assertRefused(() => readLayers({ volume: text }), /text\.nii: this is not a NIfTI file/);
    assertRefused(() => readLayers({ volume: "slice.png" }), /^Cannot show slice\.png: seg view shows NIfTI files/);
    for (const shape of [[3000, 2, 2], [1024, 1024, 1024]] as const) {
      const { header } = createNiftiGeometry(readNifti(files.volume).volume);
      const view = new DataView(header.buffer);
      [3, ...shape, 1, 1, 1, 1].forEach((length, i) => view.setInt16(40 + 2 * i, length, true));
      header.set([0x6e, 0x2b, 0x31, 0], 344);
      view.setInt16(70, 2, true);
      const large = join(folder, "large.nii");
      writeFileSync(large, header);
      assertRefused(() => readLayers({ volume: large }), /large\.nii: found (3000|1024)×.*expected at most 2048 along/);
    }
  });
});
