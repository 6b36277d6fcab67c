/**
 * Times the surface metrics of real label volumes against scipy's distance transform, in turn, each in one process that is warm.
 *
 * Run: `deno run -A tools/bench_metrics.ts [rounds] [words]`; the data are looked for in `SEG_SHARED` (default `../shared`), and scipy
 * in `PYTHON` (default `python3`); `words` choose the pairs whose name holds one. The prediction is the reference moved by two voxels and worn by one.
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
import type { Metric } from "../src/metrics/scores.ts";
import { surfelAreas } from "../src/metrics/surfel_tables.ts";

interface Pair {
  readonly name: string;
  readonly shape: Triple;
  readonly spacing: Triple;
  readonly classes: readonly LabelClass[];
  readonly reference: Uint8Array;
  readonly prediction: Uint8Array;
}

const TOLERANCE_MM = 1;

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

/** Every 20th case. */
function hippocampusPairs(shared: string): Pair[] {
  const folder = join(shared, "data", "Task04_Hippocampus", "labelsTr");
  if (!existsSync(folder)) return [];
  const classes = [{ name: "anterior", value: 1 }, { name: "posterior", value: 2 }];
  const files = readdirSync(folder).filter((file) => file.startsWith("hippocampus")).sort();
  return files.filter((_, i) => i % 20 === 0).map((file) =>
    readPair(join(folder, file), { name: file.split(".")[0] as string, classes })
  );
}

interface Answer {
  readonly milliseconds: number;
  readonly rows: number[][];
}

/** What is asked of scipy's side. */
interface Task {
  /** Also the surface elements with their areas. */
  readonly nsd: boolean;
  /** Cuts the masks to the box around them first. */
  readonly crop: boolean;
}

/** A Python process that answers one line with one line; undefined where scipy is absent. */
async function startScipy(folder: string) {
  const script = join("tools", "bench_metrics_scipy.py");
  const child = spawn(process.env["PYTHON"] ?? "python3", [script], {
    stdio: ["pipe", "pipe", "ignore"],
    // Memory is kept between jobs: where fresh pages are dear, scipy takes several times as long without.
    env: { ...process.env, MALLOC_MMAP_THRESHOLD_: "1000000000", MALLOC_TRIM_THRESHOLD_: "2000000000" },
  });
  const failed = new Promise<undefined>((resolve) => child.on("error", () => resolve(undefined)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = await Promise.race([failed, lines.next().then((line) => line.value)]);
  if (ready !== "ready") return undefined;
  const [reference, prediction] = [join(folder, "reference.raw"), join(folder, "prediction.raw")];
  return {
    give(pair: Pair): void {
      writeFileSync(reference, pair.reference);
      writeFileSync(prediction, pair.prediction);
    },
    async score({ shape, spacing, classes }: Pair, task: Task): Promise<Answer> {
      const values = classes.map((c) => [c.value].flat());
      const areas = [...surfelAreas(spacing)];
      const job = { ...task, shape, spacing, values, areas, tolerance: TOLERANCE_MM, reference, prediction };
      child.stdin.write(`${JSON.stringify(job)}\n`);
      return JSON.parse((await lines.next()).value);
    },
    stop: () => child.stdin.end(),
  };
}

const BY_VOXELS = ["dice", "hd", "hd95", "assd", "masd"] as const satisfies readonly Metric[];
const SURFACE = [...BY_VOXELS, "nsd"] as const;

/** The largest difference between the two ways in any score of any class. */
function disagreement(rows: readonly ClassScores[], { rows: theirs }: Answer): number {
  return Math.max(
    ...rows.flatMap((row, i) =>
      SURFACE.map((name, k) => {
        const [own, other] = [row[name], theirs[i]?.[k]];
        return row.state !== "hit" || (own === undefined && other === undefined)
          ? 0
          : Math.abs((own ?? NaN) - (other ?? NaN));
      })
    ),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

function timed<T>(work: () => T): { milliseconds: number; result: T } {
  const start = performance.now();
  const result = work();
  return { milliseconds: performance.now() - start, result };
}

/** Medians in ms by column, and the largest difference of a score. */
async function measure(pair: Pair, scipy: Awaited<ReturnType<typeof startScipy>>, rounds: number) {
  const times = new Map<string, number[]>();
  const note = (column: string, milliseconds: number) => {
    times.set(column, [...times.get(column) ?? [], milliseconds]);
  };
  let difference = 0;
  scipy?.give(pair);
  // The first tenth of the rounds warms up.
  const warm = Math.ceil(rounds / 10);
  for (let round = -warm; round < rounds; round++) {
    const request = { ...pair, spacingMm: pair.spacing, toleranceMm: TOLERANCE_MM };
    const all = timed(() => scoreCase(request));
    if (round >= 0) note("all", all.milliseconds);
    for (const [column, metrics] of [["voxels", BY_VOXELS], ["surface", SURFACE]] as const) {
      const own = timed(() => scoreCase({ ...request, metrics }));
      if (round >= 0) note(column, own.milliseconds);
      for (const crop of [false, true]) {
        const answer = await scipy?.score(pair, { nsd: column === "surface", crop });
        if (answer === undefined) continue;
        if (round >= 0) note(`scipy ${column}${crop ? " cropped" : ""}`, answer.milliseconds);
        difference = Math.max(difference, disagreement(own.result.rows, answer));
      }
    }
  }
  return { medians: new Map([...times].map(([column, list]) => [column, median(list)])), difference };
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 5);
  const words = process.argv.slice(3);
  const shared = process.env["SEG_SHARED"] ?? "../shared";
  const pairs = [...tumourPairs(shared), ...hippocampusPairs(shared)].filter(({ name }) =>
    words.length === 0 || words.some((word) => name.includes(word))
  );
  if (pairs.length === 0) {
    console.log(`No data in ${join(shared, "data")}: set SEG_SHARED`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "bench-metrics-"));
  const scipy = await startScipy(folder);
  if (scipy === undefined) console.log("scipy is absent: no comparison (set PYTHON to an interpreter that has it)");
  console.log(
    `Medians of ${rounds} rounds in ms. voxels: ${
      BY_VOXELS.join(", ")
    }; surface: the same and nsd; all: all metrics with lesions. ` +
      `× n: scipy takes n times as long on the whole volume, and n on the box around both masks`,
  );
  const least = new Map<string, number>();
  for (const pair of pairs) {
    const { medians, difference } = await measure(pair, scipy, rounds);
    const columns = ["voxels", "surface"].map((column) => {
      const own = medians.get(column) as number;
      const ratios = ["", " cropped"].flatMap((way) => {
        const other = medians.get(`scipy ${column}${way}`);
        if (other === undefined) return [];
        const ratio = other / own;
        least.set(`${column}${way}`, Math.min(ratio, least.get(`${column}${way}`) ?? Infinity));
        return [ratio.toFixed(1)];
      });
      return `${column} ${own.toFixed(2)}${ratios.length === 0 ? "" : ` (× ${ratios.join(", ")})`}`;
    });
    console.log(
      `${pair.name} ${pair.shape.join("×")}: ${columns.join(", ")}, all ${(medians.get("all") as number).toFixed(2)}` +
        (scipy === undefined ? "" : `; largest difference ${difference.toExponential(1)}`),
    );
  }
  for (const [column, ratio] of least) console.log(`Least ratio, ${column}: ${ratio.toFixed(1)}`);
  scipy?.stop();
  rmSync(folder, { recursive: true });
}

await main();
