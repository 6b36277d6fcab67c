/** Built-in demo data: made-up heads with lesions (phantom_head.ts), so that the whole chain can be tried without a download. */
import { join } from "node:path";
import * as v from "valibot";
import { makeFolder, readJson, writeJsonAtomic } from "../files.ts";
import { createNiftiGeometry, writeNiftiMask, writeNiftiVolume } from "../imaging/nifti.ts";
import type { Affine, Volume } from "../imaging/volume.ts";
import { Random } from "../random.ts";
import { makeHead, type Point } from "./phantom_head.ts";

/** What is made. */
export interface PhantomOptions {
  readonly seed?: number | undefined;
  readonly cases?: number | undefined;
  /** Voxels along rows and columns, over 192 mm; 128 by default. */
  readonly side?: number | undefined;
}

/** An image and its mask on one grid. */
export interface PhantomCase {
  readonly id: string;
  readonly image: Volume<Int16Array>;
  /** 1 = lesion and oedema. */
  readonly mask: Volume<Uint8Array>;
}

const NAME = "Phantom";
/** Field of view along rows and columns. */
const VIEW_MM = 192;
const SLICE_MM = 5.5;
const SLICES = 20;
/** Standard deviation of the noise. */
const NOISE = 25;

/**
 * Writes a folder in the layout of the Medical Segmentation Decathlon: 12 heads of 128×128 voxels of 1.5 mm in slices of 5.5 mm,
 * in mixed orientations, one of them without a lesion. The same seed gives the same bytes.
 *
 * @throws {Failure} where the folder cannot be written.
 */
export function writePhantom(folder: string, { seed = 0, cases = 12, side }: PhantomOptions = {}): void {
  for (const name of ["imagesTr", "labelsTr"]) makeFolder(join(folder, name));
  const training = [];
  for (let number = 0; number < cases; number++) {
    const { id, image, mask } = makePhantom(number, { seed, side });
    const pair = { image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` };
    writeNiftiVolume(join(folder, pair.image), image);
    writeNiftiMask(join(folder, pair.label), mask.data, createNiftiGeometry(mask));
    training.push(pair);
  }
  writeJsonAtomic(join(folder, "dataset.json"), {
    name: NAME,
    description: "Made-up heads with lesions, as FLAIR shows them",
    licence: "none: made by a program",
    tensorImageSize: "3D",
    modality: { 0: "phantom" },
    labels: { 0: "background", 1: "lesion" },
    numTraining: cases,
    numTest: 0,
    training,
    test: [],
  });
}

/** Whether {@link writePhantom} has made this folder. */
export function isPhantom(folder: string): boolean {
  try {
    return readJson(join(folder, "dataset.json"), v.object({ name: v.string() }), "leave it").name === NAME;
  } catch {
    return false;
  }
}

/** Case `number` (from 0): every fourth orientation repeats, and case 5 of every 12 has no lesion. */
export function makePhantom(
  number: number,
  { seed = 0, side = 128 }: Pick<PhantomOptions, "seed" | "side"> = {},
): PhantomCase {
  const random = new Random(seed).fork(number);
  const head = makeHead(random, { lesions: number % 12 === 5 ? 0 : 1 + random.integer(3) });
  const kind = number % 4;
  const shape = kind === 3 ? [side, SLICES, side] as const : [side, side, SLICES] as const;
  const affine = orientedAffine(kind, { shape, random });
  const [nx, ny, nz] = shape;
  const image = new Int16Array(nx * ny * nz);
  const mask = new Uint8Array(image.length);
  const at = (row: number, [x, y, z]: Point) =>
    (affine[4 * row] as number) * x + (affine[4 * row + 1] as number) * y + (affine[4 * row + 2] as number) * z +
    (affine[4 * row + 3] as number);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const voxel: Point = [x, y, z];
        const point: Point = [at(0, voxel), at(1, voxel), at(2, voxel)];
        const signal = head.signal(point);
        // The magnitude of a complex signal: the noise of MRI is Rician.
        image[i] = Math.round(Math.hypot(signal + random.normal(0, NOISE), random.normal(0, NOISE)));
        mask[i] = head.isLesion(point) ? 1 : 0;
      }
    }
  }
  const grid = { shape, channels: 1, affine, spacingKnown: true };
  const id = `phantom_${String(number + 1).padStart(2, "0")}`;
  return { id, image: { ...grid, data: image }, mask: { ...grid, data: mask } };
}

/** The voxel grid around the origin: RAS, LPS, tilted by up to 20°, or with the slices along its second axis (axes A, S, R). */
function orientedAffine(
  kind: number,
  { shape, random }: { shape: readonly [number, number, number]; random: Random },
): Affine {
  const sizesMm = shape.map((length) => length === SLICES ? SLICE_MM : VIEW_MM / length);
  const tilt = random.uniform(-0.35, 0.35);
  const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
  const axes = ([
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
    [[1, 0, 0], [0, cos, sin], [0, -sin, cos]],
    [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
  ] as const satisfies Point[][])[kind] as readonly [Point, Point, Point];
  const affine = new Array<number>(16).fill(0);
  for (const row of [0, 1, 2] as const) {
    axes.forEach((axis, column) => {
      affine[4 * row + column] = axis[row] * (sizesMm[column] as number);
    });
    affine[4 * row + 3] = -[0, 1, 2].reduce(
      (sum, column) => sum + (affine[4 * row + column] as number) * ((shape[column] as number) - 1) / 2,
      0,
    );
  }
  affine[15] = 1;
  return affine;
}
