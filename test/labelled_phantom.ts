/** Phantom data whose masks have the labels that a test needs. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { makePhantom } from "../src/data/phantom.ts";
import { writeJsonAtomic } from "../src/files.ts";
import { createNiftiGeometry, writeNiftiMask, writeNiftiVolume } from "../src/imaging/nifti.ts";

/** A voxel of a phantom. */
export interface PhantomVoxel {
  readonly case: number;
  readonly position: readonly [number, number, number];
  readonly intensity: number;
  readonly lesion: boolean;
}

/** What is written. */
export interface LabelledPhantom {
  readonly cases: number;
  /** Names of the label values in dataset.json, from 0. */
  readonly labels: readonly string[];
  readonly labelOf: (voxel: PhantomVoxel) => number;
}

/** Tissue in two halves, and lesions. */
export const THREE_CLASSES: Omit<LabelledPhantom, "cases"> = {
  labels: ["background", "left", "right", "lesion"],
  labelOf: ({ lesion, intensity, position: [x] }) => lesion ? 3 : intensity < 300 ? 0 : x < 24 ? 1 : 2,
};

/** Writes a folder in the layout of the Medical Segmentation Decathlon. */
export function writeLabelledPhantom(folder: string, { cases, labels, labelOf }: LabelledPhantom): void {
  for (const name of ["imagesTr", "labelsTr"]) mkdirSync(join(folder, name), { recursive: true });
  const training = Array.from({ length: cases }, (_, number) => {
    const { id, image, mask } = makePhantom(number, { side: 48 });
    const [nx, ny] = mask.shape;
    const data = mask.data.map((value, i) =>
      labelOf({
        case: number,
        position: [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))],
        intensity: image.data[i] as number,
        lesion: value > 0,
      })
    );
    const pair = { image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` };
    writeNiftiVolume(join(folder, pair.image), image);
    writeNiftiMask(join(folder, pair.label), data, createNiftiGeometry(mask));
    return pair;
  });
  writeJsonAtomic(join(folder, "dataset.json"), {
    name: "Phantom",
    tensorImageSize: "3D",
    modality: { 0: "phantom" },
    labels: Object.fromEntries(labels.map((name, value) => [value, name])),
    numTraining: cases,
    numTest: 0,
    training,
    test: [],
  });
}
