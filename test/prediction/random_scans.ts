/** Scans with random shapes, spacings, axis orders, flips and rotations, and the network size that shows every voxel. */
import type { Plane } from "../../src/imaging/slices.ts";
import type { Affine, Volume } from "../../src/imaging/volume.ts";
import type { Random } from "../../src/random.ts";
import { markedVolume } from "./identity_model.ts";

/** A scan of 0 and 1, and what an identity network needs to give every voxel back. */
export interface RandomScan {
  readonly volume: Volume<Float32Array>;
  readonly plane: Plane;
  /** Side of the network's square. */
  readonly size: number;
}

const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];
const PIXELS_PER_VOXEL = 3;

/** A random scan of a few hundred voxels. */
export function randomScan(random: Random): RandomScan {
  const spacing = [0, 1, 2].map(() => random.uniform(0.4, 4)) as [number, number, number];
  const shape = [0, 1, 2].map(() => 1 + random.integer(9)) as [number, number, number];
  const affine = randomAffine(spacing, random);
  const volume = markedVolume(shape, { affine, seed: random.integer(2 ** 31) });
  // The longest side in mm over the smallest voxel: three pixels lie within any voxel, and the middle one shows it alone.
  const side = Math.max(...shape.map((length, axis) => length * (spacing[axis] as number)));
  const size = Math.ceil(PIXELS_PER_VOXEL * side / Math.min(...spacing));
  return { volume, plane: PLANES[random.integer(3)] as Plane, size };
}

/** Any order and sign of the axes, then a rotation by a random angle about a random axis, and a random origin. */
function randomAffine(spacing: readonly number[], random: Random): Affine {
  const order = random.shuffle([0, 1, 2]);
  const rotation = randomRotation(random);
  const affine = new Array<number>(16).fill(0);
  affine[15] = 1;
  for (let axis = 0; axis < 3; axis++) {
    const world = order[axis] as number;
    const size = (random.integer(2) === 0 ? 1 : -1) * (spacing[axis] as number);
    for (let row = 0; row < 3; row++) affine[4 * row + axis] = size * (rotation[row]?.[world] as number);
  }
  for (let row = 0; row < 3; row++) affine[4 * row + 3] = random.uniform(-100, 100);
  return affine;
}

/** Rodrigues' formula. */
function randomRotation(random: Random): number[][] {
  const direction = [random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(...direction);
  const [x = 0, y = 0, z = 0] = direction.map((part) => part / length);
  const angle = random.integer(3) === 0 ? 0 : random.uniform(-Math.PI, Math.PI);
  const [sine, rest] = [Math.sin(angle), 1 - Math.cos(angle)];
  return [
    [1 - rest * (y * y + z * z), rest * x * y - sine * z, rest * x * z + sine * y],
    [rest * x * y + sine * z, 1 - rest * (x * x + z * z), rest * y * z - sine * x],
    [rest * x * z - sine * y, rest * y * z + sine * x, 1 - rest * (x * x + y * y)],
  ];
}
