/** Data set folders made in code, in a temporary place. */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encode } from "fast-png";
import { createNiftiGeometry, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { type Affine, scalingAffine, type VoxelArray } from "../../src/imaging/volume.ts";

/** Runs `use` with an empty folder, which is removed afterwards. */
export function withFolder(use: (folder: string) => void): void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "seg-data-")));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes text or JSON, with its folders. */
export function put(folder: string, path: string, content: unknown): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, typeof content === "string" ? content : JSON.stringify(content));
}

export interface NiftiContent {
  data?: VoxelArray;
  shape?: readonly [number, number, number];
  channels?: number;
  affine?: Affine;
}

/** Writes a NIfTI file; without `data` a ramp of float32. */
export function putNifti(folder: string, path: string, content: NiftiContent = {}): void {
  const { shape = [4, 3, 2], channels = 1, affine = scalingAffine([1, 1, 2]) } = content;
  const data = content.data ?? Float32Array.from({ length: shape[0] * shape[1] * shape[2] * channels }, (_, i) => i);
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  const volume = { data, shape, channels, affine, spacingKnown: true };
  writeNiftiVolume(target, volume, createNiftiGeometry(volume));
}

/** Writes an uncompressed uint8 file of zeros whose last voxel is `last`, and returns its path; the file system keeps no zeros. */
export function putSparseNifti(
  folder: string,
  path: string,
  { shape, last }: { shape: readonly [number, number, number]; last: number },
): string {
  const target = join(folder, path);
  putNifti(folder, path, { data: new Uint8Array(1), shape: [1, 1, 1] });
  const end = 352 + shape[0] * shape[1] * shape[2];
  const lengths = new DataView(new ArrayBuffer(8));
  [3, ...shape].forEach((length, i) => lengths.setInt16(2 * i, length, true));
  const file = openSync(target, "r+");
  try {
    writeSync(file, lengths, 0, 8, 40);
    ftruncateSync(file, end);
    writeSync(file, Uint8Array.of(last), 0, 1, end - 1);
  } finally {
    closeSync(file);
  }
  return target;
}

/** Label values of a 4×3×2 volume: the given ones first, then 0. */
export function maskOf(...values: number[]): Uint8Array {
  const data = new Uint8Array(24);
  data.set(values);
  return data;
}

export interface RasterContent {
  data: Uint8Array;
  width: number;
  height: number;
  channels?: 1 | 3;
}

/** Writes an 8-bit PNG. */
export function putPng(folder: string, path: string, { data, width, height, channels = 1 }: RasterContent): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, encode({ width, height, data, depth: 8, channels }));
}

/** Writes an uncompressed baseline TIFF of 8 bits (TIFF 6.0, sections 2 to 6). */
export function putTiff(folder: string, path: string, { data, width, height, channels = 1 }: RasterContent): void {
  const entries: [tag: number, type: number, value: number][] = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, channels === 3 ? 2 : 1],
    [273, 4, 0],
    [277, 3, channels],
    [278, 4, height],
    [279, 4, data.length],
  ];
  const bitsAt = 8 + 2 + 12 * entries.length + 4;
  const dataAt = bitsAt + 6;
  const bytes = new Uint8Array(dataAt + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4949, true);
  view.setUint16(2, 42, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, entries.length, true);
  entries.forEach(([tag, type, value], i) => {
    const at = 10 + 12 * i;
    const isBits = tag === 258 && channels === 3;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, isBits ? 3 : 1, true);
    view.setUint32(at + 8, isBits ? bitsAt : tag === 273 ? dataAt : value, true);
  });
  for (let channel = 0; channel < 3; channel++) view.setUint16(bitsAt + 2 * channel, 8, true);
  bytes.set(data, dataAt);
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, bytes);
}

/** A Decathlon folder with cases `c1` to `c<count>` of 4×3×2 voxels and labels 0 to 2. */
export function putMsd(folder: string, { count = 2 }: { count?: number } = {}): void {
  const ids = Array.from({ length: count }, (_, i) => `c${i + 1}`);
  ids.forEach((id, i) => {
    const data = Float32Array.from({ length: 24 }, (_, voxel) => voxel + 100 * i);
    putNifti(folder, `imagesTr/${id}.nii.gz`, { data });
    putNifti(folder, `labelsTr/${id}.nii.gz`, { data: maskOf(1, 2, ...new Array<number>(i % 8).fill(1)) });
  });
  put(folder, "dataset.json", {
    modality: { 0: "MRI" },
    labels: { 0: "background", 1: "anterior", 2: "posterior" },
    training: ids.map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: ["./imagesTs/t.nii.gz"],
  });
}
