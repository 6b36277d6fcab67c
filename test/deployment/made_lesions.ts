/** Data with lesions of a known grey value, and a model that finds them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../src/random.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { identityModel } from "../prediction/identity_model.ts";

/** A model that sees a lesion where the image is above a half, and two cases of 8×8×2 voxels with grey values on both sides. */
export function putLesions(folder: string): { model: string; dataset: string } {
  const dataset = join(folder, "data");
  const random = new Random(5);
  for (const id of ["a", "b"]) {
    const mask = Uint8Array.from({ length: 128 }, (_, i) => (i % 8 > 2 && i % 64 > 24 ? 1 : 0));
    const image = Float32Array.from(mask, (value) => value * 0.4 + random.uniform(0.2, 0.4));
    putNifti(dataset, `imagesTr/${id}.nii.gz`, { data: image, shape: [8, 8, 2] });
    putNifti(dataset, `labelsTr/${id}.nii.gz`, { data: mask, shape: [8, 8, 2] });
  }
  put(dataset, "dataset.json", {
    modality: { 0: "channel 0" },
    labels: { 0: "background", 1: "lesion" },
    training: ["a", "b"].map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: [],
  });
  const model = join(folder, "net.onnx");
  writeFileSync(model, identityModel({ size: 8, labels: [{ value: 1, name: "lesion" }] }).bytes);
  return { model, dataset };
}
