/**
 * An epoch on the hippocampus data: `seg` against PyTorch with the same slices in memory, by turns on one machine.
 *
 * usage: deno run -A tools/bench_epoch.ts [--rounds 5] [--threads 2] [--cases 180] [--augment flips] [--batch 32] [--width 8] [--json]
 *
 * `seg` cuts the slices of the training cases (32 px, targets of 64 px, the whole hippocampus against background) and trains on them
 * batch by batch as `seg train` does; the last round of an epoch scores the validation cases. PyTorch gets the same slices as raw
 * float32 (tools/bench_epoch_torch.py) and trains the same network on them without augmentation: its epochs show what a user would
 * have at best. The Python is that of the environment variable SEG_PYTHON, the data those of SEG_SHARED.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { openDataset } from "../src/data/dataset.ts";
import { encodeModel } from "../src/graph/onnx/encode.ts";
import { modelOf } from "../src/model/model.ts";
import { createPredictor } from "../src/prediction/predictor.ts";
import { Random } from "../src/random.ts";
import { silentReporter } from "../src/reporter.ts";
import { createAugmentation } from "../src/training/augmentations.ts";
import { epochBatches, fillBatch } from "../src/training/batches.ts";
import { type Preparation, prepareTraining } from "../src/training/runs/preparation.ts";
import type { Sample } from "../src/training/samples.ts";
import { runSettings } from "../src/training/runs/run_settings.ts";
import { TRAIN_DEFAULTS } from "../src/training/runs/train_options.ts";
import { Validation } from "../src/training/validation.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    cases: { type: "string", default: "180" },
    augment: { type: "string", default: "flips" },
    batch: { type: "string", default: "32" },
    width: { type: "string", default: "8" },
    json: { type: "boolean", default: false },
  },
});
const [rounds, threads, cases, batch, width] = [
  values.rounds,
  values.threads,
  values.cases,
  values.batch,
  values.width,
].map(Number) as [number, number, number, number, number];
const [INPUT, OUTPUT] = [32, 64];

interface EpochTimes {
  readonly fillSeconds: number;
  readonly stepSeconds: number;
  readonly steps: number;
}

const shared = process.env["SEG_SHARED"] ?? "../shared";
const dataset = join(shared, "data", "Task04_Hippocampus");
if (!existsSync(dataset)) throw new Error(`${dataset} is absent; set SEG_SHARED to the shared folder`);
const folder = mkdtempSync(join(tmpdir(), "seg-bench-"));
try {
  await compare();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(): Promise<void> {
  const start = performance.now();
  const preparation = await prepare();
  const prepareSeconds = (performance.now() - start) / 1000;
  writeSlices(preparation);
  const torch = await startTorch(preparation.samples.length);
  const [seg, other]: [EpochTimes[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const times = await epoch(preparation, round);
    const torchSeconds = await torch?.epoch();
    // The first epoch of each warms up.
    if (round === 0) continue;
    seg.push(times);
    if (torchSeconds !== undefined) other.push(torchSeconds);
  }
  torch?.end();
  const validationSeconds = await validate(preparation);
  await preparation.step.release();
  const whole = seg.map(({ fillSeconds, stepSeconds }) => fillSeconds + stepSeconds);
  const [fill, step, torchEpoch] = [
    median(seg.map(({ fillSeconds }) => fillSeconds)),
    median(seg.map(({ stepSeconds }) => stepSeconds)),
    other.length === 0 ? undefined : median(other),
  ];
  const total = fill + step + validationSeconds;
  const result = {
    slices: preparation.samples.length,
    stepsPerEpoch: seg[0]?.steps,
    prepareSeconds,
    segEpochSeconds: median(whole),
    segFastestSeconds: Math.min(...whole),
    torchEpochSeconds: torchEpoch ?? null,
    torchFastestSeconds: other.length === 0 ? null : Math.min(...other),
    ratio: other.length === 0 ? null : median(other.map((seconds, i) => seconds / (whole[i] as number))),
    shares: { fill: fill / total, step: step / total, validation: validationSeconds / total },
    stepMs: (1000 * step) / (seg[0]?.steps ?? 1),
    fillMs: (1000 * fill) / (seg[0]?.steps ?? 1),
    validationSeconds,
    validationCases: preparation.validationCases.length,
  };
  console.log(values.json ? JSON.stringify(result) : describe(result));
}

function describe(result: Readonly<Record<string, unknown>>): string {
  return Object.entries(result).map(([name, value]) => {
    const rounded = (entry: unknown) => (typeof entry === "number" ? Number(entry.toPrecision(4)) : entry);
    const text = typeof value === "object" && value !== null
      ? Object.entries(value).map(([part, share]) => `${part} ${rounded(share)}`).join(", ")
      : String(rounded(value));
    return `${name.padEnd(20)} ${text}`;
  }).join("\n");
}

async function prepare(): Promise<Preparation> {
  const ids = openDataset(dataset).cases.map(({ id }) => id);
  const splitFile = join(folder, "splits.json");
  writeFileSync(splitFile, JSON.stringify([{ train: ids.slice(0, cases), val: ids.slice(cases) }]));
  return await prepareTraining(
    runSettings({
      ...TRAIN_DEFAULTS,
      stepsPerEpoch: 1,
      version: "0.0.0",
      dataset,
      labels: ["whole"],
      splitFile,
      width,
      batch,
      inputSize: INPUT,
      outputSize: OUTPUT,
      augment: values.augment,
      threads,
      out: join(folder, "run"),
    }),
    silentReporter,
  );
}

async function epoch({ samples, step, index, classes }: Preparation, number: number): Promise<EpochTimes> {
  const augmentation = createAugmentation({ name: values.augment, labels: index.labels.length });
  // Every slice of the training cases, as PyTorch has them.
  const batches = epochBatches(samples, { seed: 0, epoch: number, batch, backgroundRatio: Infinity });
  let [fillSeconds, stepSeconds] = [0, 0];
  for (const [at, batchIndices] of batches.entries()) {
    const start = performance.now();
    fillBatch({ image: step.image.values, target: step.target.values }, batchIndices.map((i) => samples[i] as Sample), {
      inputSize: INPUT,
      outputSize: OUTPUT,
      channels: index.channels.length,
      classes,
      augmentation,
      random: new Random(0).fork(number).fork(at),
    });
    const filled = performance.now();
    await step.run({ learningRate: 1e-3 });
    fillSeconds += (filled - start) / 1000;
    stepSeconds += (performance.now() - filled) / 1000;
  }
  return { fillSeconds, stepSeconds, steps: batches.length };
}

async function validate({ step, net, metadata, index, validationCases }: Preparation): Promise<number> {
  const bytes = encodeModel(step.snapshot(net), { opset: 17, batchName: "N" });
  const validation = new Validation(index, validationCases);
  const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, {
    threads,
    provider: undefined,
  });
  const { signal } = new AbortController();
  // The first time the cases are read from the disk, as in a training's first epoch.
  await validation.score(predictor, signal);
  const start = performance.now();
  await validation.score(predictor, signal);
  const seconds = (performance.now() - start) / 1000;
  await predictor.release();
  return seconds;
}

function writeSlices({ samples, classes }: Preparation): void {
  const images = new Float32Array(samples.length * INPUT * INPUT);
  const targets = new Float32Array(samples.length * OUTPUT * OUTPUT);
  fillBatch({ image: images, target: targets }, samples, {
    inputSize: INPUT,
    outputSize: OUTPUT,
    channels: 1,
    classes,
    augmentation: createAugmentation({ name: "none", labels: 1 }),
    random: new Random(0),
  });
  writeFileSync(join(folder, "images.f32"), images);
  writeFileSync(join(folder, "targets.f32"), targets);
}

/** PyTorch in a process that trains an epoch for every line it gets; `undefined` where it is absent. */
async function startTorch(count: number): Promise<{ epoch(): Promise<number>; end(): void } | undefined> {
  const python = process.env["SEG_PYTHON"] ?? "python3";
  const settings = { folder, peer: join(shared, "peer"), count, threads, batch, width, input: INPUT, output: OUTPUT };
  const child: ChildProcess = spawn(python, ["tools/bench_epoch_torch.py", JSON.stringify(settings)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.once("error", () => {});
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const ready = await lines.next();
  if (ready.value !== "ready") {
    console.error(`${python} cannot run PyTorch: only seg is measured; set SEG_PYTHON`);
    return undefined;
  }
  return {
    async epoch() {
      child.stdin?.write("epoch\n");
      return Number((await lines.next()).value);
    },
    end: () => child.stdin?.end(),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
}
