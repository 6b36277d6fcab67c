/**
 * Measures reading of a brain of 240 × 240 × 155 voxels (float32, .nii.gz): time against nibabel, where a Python with nibabel
 * is there, and peak memory against the voxel array (at most 2.5 times is the goal).
 *
 *     deno run -A tools/bench_nifti.ts [file.nii.gz] [python = python3]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readNifti, writeNiftiVolume } from "../src/imaging/nifti.ts";
import { scalingAffine } from "../src/imaging/volume.ts";
import { Random } from "../src/random.ts";

const ROUNDS = 7;
const SHAPE = [240, 240, 155] as const;
const WRITE_ONLY = "--write";

/** A brain-like ball of smooth intensities with noise in air of zero: it compresses as skull-stripped images do. */
function writeBrain(path: string): void {
  const random = new Random(0);
  const data = new Float32Array(SHAPE[0] * SHAPE[1] * SHAPE[2]);
  let at = 0;
  for (let z = 0; z < SHAPE[2]; z++) {
    for (let y = 0; y < SHAPE[1]; y++) {
      for (let x = 0; x < SHAPE[0]; x++, at++) {
        const radius = Math.hypot((x - 120) / 70, (y - 120) / 85, (z - 77) / 65);
        if (radius < 1) data[at] = Math.round(300 + 100 * Math.sin(x / 9) * Math.cos(y / 7) + random.normal(0, 15));
      }
    }
  }
  writeNiftiVolume(path, { data, shape: SHAPE, channels: 1, affine: scalingAffine([1, 1, 1]), spacingKnown: true });
}

const NIBABEL = `
import sys, time, numpy, nibabel
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    numpy.asanyarray(nibabel.load(sys.argv[1]).dataobj)
    times.append(1000 * (time.perf_counter() - start))
print(min(times), nibabel.__version__)
`;

function main(file: string | undefined, python: string): void {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const path = file ?? join(folder, "brain.nii.gz");
    // Another process writes the file, so that its memory is not counted.
    if (file === undefined) execFileSync(process.execPath, [...process.execArgv, ...selfArguments(), WRITE_ONLY, path]);
    const before = process.resourceUsage().maxRSS * 1024;
    const times: number[] = [];
    let voxelBytes = 0;
    let peak = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      voxelBytes = readNifti(path).volume.data.byteLength;
      times.push(performance.now() - start);
      // The first reading alone: later ones may lie beside arrays that wait for collection.
      if (round === 0) peak = process.resourceUsage().maxRSS * 1024 - before;
    }
    const fastest = Math.min(...times);
    console.log(`voxels             ${(voxelBytes / 2 ** 20).toFixed(1)} MiB`);
    console.log(`seg                ${fastest.toFixed(0)} ms (fastest of ${ROUNDS})`);
    console.log(`peak memory        ${(peak / voxelBytes).toFixed(2)} × the voxels (goal: 2.5)`);
    try {
      const [time, version] = execFileSync(python, ["-c", NIBABEL, path, String(ROUNDS)], {
        stdio: ["ignore", "pipe", "ignore"],
      })
        .toString().trim().split(" ") as [string, string];
      console.log(`nibabel ${version}      ${Number(time).toFixed(0)} ms (fastest of ${ROUNDS})`);
      console.log(`ratio              ${(fastest / Number(time)).toFixed(2)} (below 1: seg is faster)`);
    } catch {
      console.log(`nibabel            absent (${python} cannot import it)`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What starts this script again in the runtime that runs it. */
function selfArguments(): string[] {
  const script = process.argv[1] as string;
  return "Deno" in globalThis ? ["run", "-A", "--no-check", script] : [script];
}

if (process.argv[2] === WRITE_ONLY) writeBrain(process.argv[3] as string);
else main(process.argv[2], process.argv[3] ?? "python3");
