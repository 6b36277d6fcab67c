/**
 * Times all metrics on real label volumes, and the same metrics by scipy's transforms of the whole volume, one after the other in turn.
 *
 * Run: `deno run -A tools/bench_metrics.ts [rounds]`; the data are looked for in `SEG_SHARED` (default `../shared`), and scipy in `PYTHON`
 * (default `python3`). The prediction is the reference moved by two voxels and worn by one.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import process from "node:process";
import { readNifti } from "../src/imaging/nifti.ts";
import { spacingMm } from "../src/imaging/volume.ts";
import { type ClassScores, scoreCase } from "../src/metrics/case_scores.ts";
import type { LabelClass, Triple } from "../src/metrics/overlap.ts";

interface Pair {
  readonly name: string;
  readonly shape: Triple;
  readonly spacing: Triple;
  readonly classes: readonly LabelClass[];
  readonly reference: Uint8Array;
  readonly prediction: Uint8Array;
}

/** The labels moved by two voxels along each axis, without the voxels that have another label beside them along x. */
function imperfect(labels: Uint8Array, [nx, ny, nz]: Triple): Uint8Array {
  const moved = new Uint8Array(labels.length);
  for (let z = 2; z < nz; z++) {
    for (let y = 2; y < ny; y++) {
      for (let x = 3; x < nx - 1; x++) {
        const from = x - 2 + nx * (y - 2 + ny * (z - 2));
        const label = labels[from] as number;
        if (labels[from - 1] === label && labels[from + 1] === label) moved[x + nx * (y + ny * z)] = label;
      }
    }
  }
  return moved;
}

function readPair(path: string, options: { name: string; classes: readonly LabelClass[] }): Pair {
  const { volume } = readNifti(path);
  const reference = Uint8Array.from(volume.data);
  const prediction = imperfect(reference, volume.shape);
  return { ...options, shape: volume.shape, spacing: spacingMm(volume.affine), reference, prediction };
}

function tumourPairs(shared: string): Pair[] {
  const folder = join(shared, "data", "BraTS2015");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).slice(0, 2).flatMap((name) => {
    const path = join(folder, name, `${name}_seg.nii.gz`);
    const whole = readPair(path, { name: `${name} whole tumour`, classes: [{ name: "whole", value: [1, 2, 3, 4] }] });
    const classes = [1, 2, 3, 4].map((value) => ({ name: String(value), value }));
    const far = whole.prediction.slice();
    // Two false voxels in opposite corners: the box around both masks is then the whole volume.
    far[0] = far[far.length - 1] = 1;
    return [
      whole,
      { ...whole, name: `${name} 4 classes`, classes },
      { ...whole, name: `${name} whole, box = volume`, prediction: far },
    ];
  });
}

function hippocampusPairs(shared: string): Pair[] {
  const folder = join(shared, "data", "Task04_Hippocampus", "labelsTr");
  if (!existsSync(folder)) return [];
  const classes = [{ name: "anterior", value: 1 }, { name: "posterior", value: 2 }];
  const files = readdirSync(folder).filter((file) => file.startsWith("hippocampus"));
  return files.slice(0, 3).map((file) => readPair(join(folder, file), { name: file, classes }));
}

/** The usual way in Python: erosion and a distance transform of the whole volume, per class. */
const SCIPY = `
import json, sys, time
import numpy as np
from scipy import ndimage
pairs = {}
def edges(m):
    return m & ~ndimage.binary_erosion(m, ndimage.generate_binary_structure(m.ndim, 1))
def score(r, p, spacing):
    er, ep = edges(r), edges(p)
    a = ndimage.distance_transform_edt(~ep, sampling=spacing)[er]
    b = ndimage.distance_transform_edt(~er, sampling=spacing)[ep]
    both = np.concatenate([a, b])
    return [2 * float((r & p).sum()) / float(r.sum() + p.sum()), float(both.max()), float(max(np.percentile(a, 95), np.percentile(b, 95))), float(both.mean())]
print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    shape = job["shape"][::-1]
    r = np.fromfile(job["reference"], np.uint8).reshape(shape)
    p = np.fromfile(job["prediction"], np.uint8).reshape(shape)
    start = time.perf_counter()
    rows = [score(np.isin(r, v), np.isin(p, v), job["spacing"][::-1]) for v in job["values"]]
    print(json.dumps({"milliseconds": 1000 * (time.perf_counter() - start), "rows": rows}), flush=True)
`;

interface Answer {
  readonly milliseconds: number;
  readonly rows: number[][];
}

/** A Python process that answers one line with one line; undefined where scipy is absent. */
async function startScipy(folder: string) {
  const child = spawn(process.env["PYTHON"] ?? "python3", ["-c", SCIPY], { stdio: ["pipe", "pipe", "ignore"] });
  const failed = new Promise<undefined>((resolve) => child.on("error", () => resolve(undefined)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = await Promise.race([failed, lines.next().then((line) => line.value)]);
  if (ready !== "ready") return undefined;
  return {
    async score(pair: Pair): Promise<Answer> {
      const job = {
        shape: pair.shape,
        spacing: pair.spacing,
        values: pair.classes.map((c) => [c.value].flat()),
        reference: join(folder, "reference.raw"),
        prediction: join(folder, "prediction.raw"),
      };
      writeFileSync(job.reference, pair.reference);
      writeFileSync(job.prediction, pair.prediction);
      child.stdin.write(`${JSON.stringify(job)}\n`);
      return JSON.parse((await lines.next()).value);
    },
    stop: () => child.stdin.end(),
  };
}

/** The largest difference of Dice, HD, HD95 and ASSD between the two ways. */
function disagreement(rows: readonly ClassScores[], answer: Answer): number {
  return Math.max(
    ...rows.flatMap((row, i) =>
      [row.dice, row.hd, row.hd95, row.assd].map((value, k) =>
        row.state === "hit" ? Math.abs((value ?? NaN) - (answer.rows[i]?.[k] ?? NaN)) : 0
      )
    ),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 3);
  const shared = process.env["SEG_SHARED"] ?? "../shared";
  const pairs = [...tumourPairs(shared), ...hippocampusPairs(shared)];
  if (pairs.length === 0) {
    console.log(`No data in ${join(shared, "data")}: set SEG_SHARED`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "bench-metrics-"));
  const scipy = await startScipy(folder);
  if (scipy === undefined) console.log("scipy is absent: no comparison (set PYTHON to an interpreter that has it)");
  console.log("seg: all 12 metrics; seg*: Dice, HD, HD95, ASSD, which is what scipy's side computes; medians in ms");
  for (const pair of pairs) {
    const request = { ...pair, spacingMm: pair.spacing, toleranceMm: 1 };
    const all: number[] = [];
    const some: number[] = [];
    const python: number[] = [];
    let difference = 0;
    for (let round = 0; round < rounds; round++) {
      let start = performance.now();
      scoreCase(request);
      all.push(performance.now() - start);
      start = performance.now();
      const { rows } = scoreCase({ ...request, metrics: ["dice", "hd", "hd95", "assd"] });
      some.push(performance.now() - start);
      const answer = await scipy?.score(pair);
      if (answer === undefined) continue;
      python.push(answer.milliseconds);
      difference = Math.max(difference, disagreement(rows, answer));
    }
    const own = `${pair.name} ${pair.shape.join("×")}: seg ${median(all).toFixed(1)}, seg* ${median(some).toFixed(1)}`;
    console.log(
      python.length === 0
        ? own
        : `${own}, scipy ${median(python).toFixed(1)}, scipy / seg* ${(median(python) / median(some)).toFixed(1)}, ` +
          `largest difference ${difference.toExponential(1)}`,
    );
  }
  scipy?.stop();
  rmSync(folder, { recursive: true });
}

await main();
