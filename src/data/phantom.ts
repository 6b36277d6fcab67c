/** Built-in demo data: made-up heads with bright lesions, so that the whole chain can be tried without a download. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, writeJsonAtomic } from "../files.ts";
import { createNiftiGeometry, writeNiftiMask, writeNiftiVolume } from "../imaging/nifti.ts";
import type { Affine, Volume } from "../imaging/volume.ts";
import { Random } from "../random.ts";

/** What is made. */
export interface PhantomOptions {
  readonly seed?: number | undefined;
  readonly cases?: number | undefined;
}

/** An image and its mask on one grid. */
export interface PhantomCase {
  readonly id: string;
  readonly image: Volume<Int16Array>;
  /** 1 = lesion. */
  readonly mask: Volume<Uint8Array>;
}

/** In mm; the head's own axes are right, anterior, superior, with the origin in its centre. */
interface Ellipsoid {
  readonly centre: Point;
  readonly radii: Point;
  /** Intensity as a multiple of the tissue around. */
  readonly contrast: number;
}

type Point = readonly [number, number, number];

const NAME = "Phantom";
const SHAPE = [48, 48, 16] as const;
const SPACING_MM = [1, 1, 3] as const;
const TISSUE = 600;
/** Standard deviation of the noise. */
const NOISE = 25;

/**
 * Writes a folder in the layout of the Medical Segmentation Decathlon: 12 volumes of 48×48×16 voxels of 1×1×3 mm in
 * mixed orientations, one of them without a lesion. The same seed gives the same bytes.
 *
 * @throws {Failure} where the folder cannot be written.
 */
export function writePhantom(folder: string, { seed = 0, cases = 12 }: PhantomOptions = {}): void {
  for (const name of ["imagesTr", "labelsTr"]) makeFolder(join(folder, name));
  const training = [];
  for (let number = 0; number < cases; number++) {
    const { id, image, mask } = makePhantom(number, { seed });
    const pair = { image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` };
    writeNiftiVolume(join(folder, pair.image), image);
    writeNiftiMask(join(folder, pair.label), mask.data, createNiftiGeometry(mask));
    training.push(pair);
  }
  writeJsonAtomic(join(folder, "dataset.json"), {
    name: NAME,
    description: "Made-up heads with bright lesions",
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
    const { name } = JSON.parse(readFileSync(join(folder, "dataset.json"), "utf8")) as { readonly name?: unknown };
    return name === NAME;
  } catch {
    return false;
  }
}

/** Case `number` (from 0): every fourth orientation repeats, and case 5 of every 12 has no lesion. */
export function makePhantom(number: number, { seed = 0 }: { seed?: number | undefined } = {}): PhantomCase {
  const random = new Random(seed).fork(number);
  const anatomy = makeAnatomy(random, { lesions: number % 12 === 5 ? 0 : 1 + random.integer(3) });
  const affine = orientedAffine(number % 4, random);
  const [nx, ny, nz] = SHAPE;
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
        const signal = anatomy.signal(point);
        // The magnitude of a complex signal: the noise of MRI is Rician.
        image[i] = Math.round(Math.hypot(signal + random.normal(0, NOISE), random.normal(0, NOISE)));
        mask[i] = anatomy.isLesion(point) ? 1 : 0;
      }
    }
  }
  const grid = { shape: SHAPE, channels: 1, affine, spacingKnown: true };
  const id = `phantom_${String(number + 1).padStart(2, "0")}`;
  return { id, image: { ...grid, data: image }, mask: { ...grid, data: mask } };
}

/** The head as functions of a point in mm. */
function makeAnatomy(
  random: Random,
  { lesions }: { lesions: number },
): { signal(point: Point): number; isLesion(point: Point): boolean } {
  const brain: Ellipsoid = {
    centre: [random.normal(0, 0.5), random.normal(0, 0.5), random.normal(0, 0.5)],
    radii: [random.uniform(17, 19), random.uniform(19, 22), random.uniform(17, 20)],
    contrast: 1,
  };
  const ventricles = [-1, 1].map((side): Ellipsoid => ({
    centre: [side * random.uniform(2.5, 3.5), random.uniform(-2, 2), random.uniform(0, 3)],
    radii: [1.8, 6, 3.5],
    contrast: 0.35,
  }));
  const tumours = Array.from({ length: lesions }, (): Ellipsoid => {
    const size = random.uniform(2, 7);
    const [longitude, height, depth] = [
      random.uniform(0, 2 * Math.PI),
      random.uniform(-0.6, 0.6),
      random.uniform(0.3, 0.6),
    ];
    return {
      centre: [
        brain.radii[0] * depth * Math.cos(longitude),
        brain.radii[1] * depth * Math.sin(longitude),
        brain.radii[2] * height * 0.7,
      ],
      radii: [size, size * random.uniform(0.7, 1.3), size * random.uniform(0.8, 1.4)],
      contrast: random.uniform(1.35, 1.9),
    };
  });
  const waves = Array.from({ length: 4 }, () => ({
    direction: [random.normal(0, 0.25), random.normal(0, 0.25), random.normal(0, 0.25)] as const,
    phase: random.uniform(0, 2 * Math.PI),
  }));
  const bias = [random.normal(0, 0.006), random.normal(0, 0.006), random.normal(0, 0.006)] as const;
  return {
    isLesion: (point) => tumours.some((tumour) => distance(tumour, point) <= 1) && distance(brain, point) <= 1,
    signal: (point) => {
      const texture = waves.reduce((sum, { direction, phase }) => sum + Math.sin(dot(direction, point) + phase), 0);
      let signal = TISSUE * (1 + 0.06 * texture);
      for (const part of [...ventricles, ...tumours]) signal *= 1 + (part.contrast - 1) * inside(part, point);
      return signal * inside(brain, point) * Math.exp(dot(bias, point));
    },
  };
}

/** 1 on the surface of the ellipsoid, below 1 within. */
function distance({ centre, radii }: Ellipsoid, [x, y, z]: Point): number {
  return Math.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1], (z - centre[2]) / radii[2]);
}

/** Near 1 within and near 0 outside, with a border about 1 mm wide where voxels hold some of both. */
function inside(part: Ellipsoid, point: Point): number {
  const outsideMm = (distance(part, point) - 1) * Math.min(...part.radii);
  return 1 / (1 + Math.exp(6 * outsideMm));
}

function dot(a: Point, b: Point): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** The voxel grid around the origin: RAS, LPS, tilted by up to 20°, or sagittal slices (axes A, S, R). */
function orientedAffine(kind: number, random: Random): Affine {
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
      affine[4 * row + column] = axis[row] * (SPACING_MM[column] as number);
    });
    affine[4 * row + 3] = -[0, 1, 2].reduce(
      (sum, column) => sum + (affine[4 * row + column] as number) * ((SHAPE[column] as number) - 1) / 2,
      0,
    );
  }
  affine[15] = 1;
  return affine;
}
