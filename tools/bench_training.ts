/**
 * The training step of J-Net: `seg` against PyTorch, by turns on one machine, each in a process of its own.
 *
 * usage: npm run bench:training -- [--rounds 3] [--threads 2] [--json] [--profile]
 *
 * A step is forward, the sum of the cross-entropy of all levels, backward and Adam. PyTorch is run by the Python of the environment
 * variable SEG_PYTHON (default python3) on peer/bench_torch.py of the shared folder (SEG_SHARED). `--profile` lists where seg's time goes.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildNet } from "../src/graph/nets/catalog.ts";
import { inspect } from "../src/graph/passes/inspect.ts";
import { Random } from "../src/random.ts";
import { alignColumns } from "../src/text.ts";
import { createLoss } from "../src/training/losses.ts";
import { createOptimizer } from "../src/training/step/optimizers.ts";
import { trainingGraph } from "../src/training/step/training_graph.ts";
import { TrainingStep } from "../src/training/step/training_step.ts";

interface Setting {
  readonly width: number;
  readonly inputSize: number;
  readonly outputSize: number;
  readonly batch: number;
  readonly steps: number;
}

interface Measured {
  readonly stepMs: number;
  readonly peakBytes: number;
  readonly sessionMs?: number;
  readonly updateMs?: number;
  readonly nodes?: number;
}

const SETTINGS: readonly Setting[] = [
  { width: 16, inputSize: 16, outputSize: 256, batch: 2, steps: 60 },
  { width: 16, inputSize: 32, outputSize: 256, batch: 8, steps: 15 },
  { width: 8, inputSize: 64, outputSize: 256, batch: 16, steps: 10 },
];

// Of the first setting, on two cores: 0.56 GFLOP and 130 MB of memory traffic.
const LIMIT_MS = 15;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    child: { type: "string" },
  },
});
const threads = Number(values.threads);

if (values.child !== undefined) await child(JSON.parse(values.child) as Setting);
else await compare();

async function compare(): Promise<void> {
  const python = process.env["SEG_PYTHON"] ?? "python3";
  const script = join(process.env["SEG_SHARED"] ?? "../shared", "peer", "bench_torch.py");
  const absent = peerFault(python, script);
  if (absent !== undefined) console.error(`PyTorch is absent (${absent}): only seg is measured`);
  const rows = SETTINGS.map((setting) => {
    const [seg, torch]: [Measured[], Measured[]] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      seg.push(segProcess(setting));
      if (absent === undefined) torch.push(torchProcess(setting, python, script));
    }
    const ratios = torch.map((other, round) => other.stepMs / (seg[round] as Measured).stepMs);
    return {
      ...setting,
      segMs: median(seg.map(({ stepMs }) => stepMs)),
      torchMs: torch.length === 0 ? null : median(torch.map(({ stepMs }) => stepMs)),
      ratio: torch.length === 0 ? null : median(ratios),
      segPeakBytes: Math.max(...seg.map(({ peakBytes }) => peakBytes)),
      torchPeakBytes: torch.length === 0 ? null : Math.max(...torch.map(({ peakBytes }) => peakBytes)),
      sessionMs: median(seg.map(({ sessionMs = NaN }) => sessionMs)),
      updateMs: median(seg.map(({ updateMs = NaN }) => updateMs)),
      nodes: seg[0]?.nodes,
    };
  });
  if (values.json) {
    console.log(JSON.stringify({ threads, rows }));
    return;
  }
  const number = (value: number | null, digits = 1) => value === null ? "–" : value.toFixed(digits);
  console.log(
    alignColumns([
      ["width", "px", "batch", "seg ms", "torch ms", "ratio", "seg MB", "torch MB", "session ms", "update ms", "nodes"],
      ...rows.map((row) => [
        String(row.width),
        `${row.inputSize}→${row.outputSize}`,
        String(row.batch),
        number(row.segMs),
        number(row.torchMs),
        row.ratio === null ? "–" : `${row.ratio.toFixed(2)}×`,
        number(row.segPeakBytes / 1e6, 0),
        row.torchPeakBytes === null ? "–" : number(row.torchPeakBytes / 1e6, 0),
        number(row.sessionMs, 0),
        number(row.updateMs, 2),
        String(row.nodes),
      ]),
    ]),
  );
  const [first] = rows;
  if (first !== undefined) {
    console.log(
      `The first row reaches ${Math.round((100 * LIMIT_MS) / first.segMs)} % of its limit of about ${LIMIT_MS} ms`,
    );
  }
  if (values.profile) { for (const setting of SETTINGS) console.log(await profile(setting)); }
}

function segProcess(setting: Setting): Measured {
  const runtime = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [...runtime, process.argv[1] as string, "--threads", String(threads), "--child", JSON.stringify(setting)],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`The measuring process failed: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

function torchProcess(setting: Setting, python: string, script: string): Measured {
  const levels = Math.log2(setting.outputSize / setting.inputSize);
  // PyTorch warns of NNPACK thousands of times on stderr.
  const { stdout, status } = spawnSync(python, [
    script,
    ...["--width", String(setting.width), "--input-size", String(setting.inputSize), "--levels", String(levels)],
    ...["--batch", String(setting.batch), "--threads", String(threads), "--steps", String(setting.steps)],
  ], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  if (status !== 0) throw new Error(`${python} ${script} ended with ${status}`);
  const { trainStepMs, peakRssMb } = JSON.parse(stdout) as { trainStepMs: number; peakRssMb: number };
  return { stepMs: trainStepMs, peakBytes: peakRssMb * 1024 * 1024 };
}

function peerFault(python: string, script: string): string | undefined {
  if (!existsSync(script)) return `${script} does not exist; set SEG_SHARED`;
  const { status } = spawnSync(python, ["-c", "import torch"], { stdio: "ignore" });
  return status === 0 ? undefined : `${python} cannot import torch; set SEG_PYTHON`;
}

async function prepare(
  setting: Setting,
  profilePrefix?: string,
): Promise<{ step: TrainingStep; sessionMs: number; nodes: number }> {
  const net = buildNet({ net: "j-net", channels: 1, classes: 1, seed: 0, ...setting }).graph;
  const training = trainingGraph(net, { loss: createLoss("bce", { channels: 1 }) });
  const started = performance.now();
  const optimizer = createOptimizer({ name: "adam", count: training.parameters.length });
  const step = await TrainingStep.create(training, optimizer, {
    threads,
    ...(profilePrefix === undefined ? {} : { profilePrefix }),
  });
  const sessionMs = performance.now() - started;
  const random = new Random(0);
  step.image.values.forEach((_, i) => step.image.values[i] = random.uniform());
  step.target.values.forEach((_, i) => step.target.values[i] = random.uniform() > 0.5 ? 1 : 0);
  return { step, sessionMs, nodes: inspect(training.graph).nodes };
}

async function child(setting: Setting): Promise<void> {
  const { step, sessionMs, nodes } = await prepare(setting);
  const times: number[] = [];
  const warmUp = Math.max(3, Math.floor(setting.steps / 8));
  for (let k = 0; k < warmUp + setting.steps; k++) {
    const started = performance.now();
    await step.run({ learningRate: 1e-3 });
    if (k >= warmUp) times.push(performance.now() - started);
  }
  const optimizer = createOptimizer({ name: "adam", count: step.parameters.length });
  const updates = Array.from({ length: 9 }, (_, k) => {
    const started = performance.now();
    optimizer.update(step.store, { learningRate: 0, step: step.steps + k + 1, gradientScale: 1 });
    return performance.now() - started;
  });
  const measured: Measured = {
    stepMs: median(times),
    // Kilobytes, on every system that Node supports.
    peakBytes: process.resourceUsage().maxRSS * 1024,
    sessionMs,
    updateMs: median(updates),
    nodes,
  };
  console.log(JSON.stringify(measured));
}

async function profile(setting: Setting): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "seg-profile-"));
  try {
    const { step } = await prepare(setting, join(folder, "profile"));
    const runs = 10;
    for (let k = 0; k < runs; k++) await step.run({ learningRate: 1e-3 });
    step.endProfiling();
    const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0] as string), "utf8")) as {
      cat: string;
      name: string;
      dur: number;
      args: { op_name: string };
    }[];
    const totals = new Map<string, { microseconds: number; count: number }>();
    for (const { cat, name, dur, args } of events) {
      if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
      const entry = totals.get(args.op_name) ?? { microseconds: 0, count: 0 };
      entry.microseconds += dur;
      entry.count++;
      totals.set(args.op_name, entry);
    }
    const sorted = [...totals].sort(([, a], [, b]) => b.microseconds - a.microseconds).slice(0, 14);
    return `\nwidth ${setting.width}, ${setting.inputSize} px, batch ${setting.batch}: ms per step by op\n` +
      alignColumns(
        sorted.map((
          [name, { microseconds, count }],
        ) => [name, (microseconds / 1000 / runs).toFixed(2), String(count / runs)]),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
