/** A small volume with masks and probabilities as files. */
import { join } from "node:path";
import { createNiftiGeometry, writeNiftiMask, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { scalingAffine, type Volume } from "../../src/imaging/volume.ts";
import type { ViewedFiles } from "../../src/view/layers.ts";

export const SHAPE = [24, 20, 16] as const;

/** A ball of labels 1 and, in its half with high x, 7; the prediction lacks what lies high along z. */
export function putFiles(folder: string): Record<keyof ViewedFiles, string> {
  const [nx, ny, nz] = SHAPE;
  const count = nx * ny * nz;
  const [data, reference, prediction, probabilities] = [
    new Int16Array(count),
    new Uint8Array(count),
    new Uint8Array(count),
    new Float32Array(2 * count),
  ];
  for (let i = 0; i < count; i++) {
    const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    const radius = Math.hypot(x - 11.5, y - 9.5, z - 7.5);
    data[i] = radius < 9 ? 400 + 20 * x + 10 * z : 0;
    reference[i] = radius > 5 ? 0 : x > 11 ? 7 : 1;
    prediction[i] = z < 10 ? reference[i] as number : 0;
    probabilities[i] = Math.max(0, 1 - radius / 8);
    probabilities[count + i] = x / nx;
  }
  const volume: Volume = {
    data,
    shape: SHAPE,
    channels: 1,
    affine: scalingAffine([1, 1, 2]),
    spacingKnown: true,
  };
  const geometry = createNiftiGeometry(volume);
  const path = (name: string) => join(folder, name);
  const files = {
    volume: path("scan <b>&.nii.gz"),
    reference: path("reference.nii.gz"),
    prediction: path("prediction.nii"),
    probabilities: path("probabilities.nii.gz"),
  };
  writeNiftiVolume(files.volume, volume);
  writeNiftiMask(files.reference, reference, geometry);
  writeNiftiMask(files.prediction, prediction, geometry);
  writeNiftiVolume(files.probabilities, { ...volume, data: probabilities, channels: 2 }, geometry);
  return files;
}
