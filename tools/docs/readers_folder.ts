/** What a reader of the documentation has before its examples begin: data sets and scans. */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encode } from "fast-png";
import { makePhantom, type PhantomCase, writePhantom } from "../../src/data/phantom.ts";
import { createNiftiGeometry, writeNiftiMask, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { toCanonical } from "../../src/imaging/orientation.ts";

const CASES = 8;

/**
 * Writes DATASET with one label, LABELS (Medical Segmentation Decathlon) and BRATS with several, SLICES of PNG, scans, and masks.
 *
 * All are the phantom; a lesion is divided among the labels slice by slice.
 */
export function writeReadersFolder(folder: string): void {
  const at = (...parts: string[]) => join(folder, ...parts);
  writePhantom(at("DATASET"), { cases: CASES, side: 48 });
  for (let number = 0; number < CASES; number++) {
    const phantom = makePhantom(number, { side: 48 });
    const name = `BraTS2021_0000${number}`;
    for (const channel of ["flair", "t1", "t1ce", "t2"]) {
      putVolume(at("BRATS", name, `${name}_${channel}.nii.gz`), phantom);
    }
    putMask(at("BRATS", name, `${name}_seg.nii.gz`), phantom, [1, 2, 4]);
    putVolume(at("Task04_Hippocampus", "imagesTr", `${phantom.id}.nii.gz`), phantom);
    putMask(at("Task04_Hippocampus", "labelsTr", `${phantom.id}.nii.gz`), phantom, [1, 2]);
    putSlices(at("SLICES"), phantom, number);
  }
  const ids = readdirSync(at("DATASET", "imagesTr"));
  writeFileSync(
    at("Task04_Hippocampus", "dataset.json"),
    JSON.stringify({
      modality: { 0: "MRI" },
      labels: { 0: "background", 1: "Anterior", 2: "Posterior" },
      training: ids.map((id) => ({ image: `./imagesTr/${id}`, label: `./labelsTr/${id}` })),
      test: [],
    }),
  );
  writeFileSync(
    at("settings.yaml"),
    "dataset: Task04_Hippocampus\nlabels: [1, 2]\nepochs: 1\nsteps-per-epoch: 2\nwidth: 2\ninput-size: 32\noutput-size: 64\n",
  );
  cpSync(at("DATASET", "imagesTr"), at("scans"), { recursive: true });
  cpSync(at("DATASET", "labelsTr"), at("masks"), { recursive: true });
  for (
    const [from, to] of [["imagesTr", "scan.nii.gz"], ["imagesTr", "scans/scan.nii.gz"], ["labelsTr", "mask.nii.gz"], [
      "labelsTr",
      "masks/scan.nii.gz",
    ]] as const
  ) {
    cpSync(at("DATASET", from, ids[0] as string), at(to));
  }
}

function putVolume(path: string, { image }: PhantomCase): void {
  mkdirSync(dirname(path), { recursive: true });
  writeNiftiVolume(path, image);
}

function putMask(path: string, { mask }: PhantomCase, labels: readonly number[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const perSlice = mask.shape[0] * mask.shape[1];
  const data = mask.data.map((value, i) =>
    value === 0 ? 0 : labels[Math.floor(i / perSlice) % labels.length] as number
  );
  writeNiftiMask(path, data, createNiftiGeometry(mask));
}

/** patient<number>_<slice>.png in images and masks. */
function putSlices(folder: string, { image, mask }: PhantomCase, number: number): void {
  const [grey, labels] = [toCanonical(image).volume, toCanonical(mask).volume];
  const [width, height, count] = grey.shape;
  for (let slice = 0; slice < count; slice++) {
    const part = (data: ArrayLike<number>, of: (value: number) => number) =>
      Uint8Array.from({ length: width * height }, (_, i) => of(data[slice * width * height + i] as number));
    const name = `patient${number}_${String(slice).padStart(2, "0")}.png`;
    for (
      const [kind, data] of [
        ["images", part(grey.data, (value) => Math.max(0, Math.min(255, value / 5)))],
        ["masks", part(labels.data, (value) => 255 * value)],
      ] as const
    ) {
      mkdirSync(join(folder, kind), { recursive: true });
      writeFileSync(join(folder, kind, name), encode({ width, height, data, depth: 8, channels: 1 }));
    }
  }
}
