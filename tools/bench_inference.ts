/**
 * Latency of one image through J-Net: `seg`'s exported models in ONNX Runtime against PyTorch, by turns on one machine.
 *
 * usage: node dist/tools/bench_inference.js [--width 16] [--input-size 16] [--output-size 256] [--threads 1] [--rounds 5]
 *
 * PyTorch is run by the Python of the environment variable SEG_PYTHON on peer/bench_torch.py of the shared folder (SEG_SHARED).
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureLatency } from "../src/bench/measure_latency.ts";
import { latencyStatistics } from "../src/bench/percentiles.ts";
import { modelOf } from "../src/model/model.ts";
import { exportModel } from "../src/deployment/export_model.ts";
import { buildNet, levelsBetween } from "../src/graph/nets/catalog.ts";
import { encodeModel } from "../src/graph/onnx/encode.ts";
import { inspect } from "../src/graph/passes/inspect.ts";
import { elementCount, floats } from "../src/graph/tensor_type.ts";
import { Random } from "../src/random.ts";
import { createSession } from "../src/runtime/session.ts";

const { values } = parseArgs({
  options: {
    width: { type: "string", default: "16" },
    "input-size": { type: "string", default: "16" },
    "output-size": { type: "string", default: "256" },
    threads: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
  },
});
const [width, inputSize, outputSize, threads, rounds] = [
  values.width,
  values["input-size"],
  values["output-size"],
  values.threads,
  values.rounds,
].map(Number) as [number, number, number, number, number];

const ROUND = { warmUpMs: 300, warmUpRuns: 10, durationMs: 1500 };

interface Contestant {
  readonly name: string;
  /** Median latency of one round in ms. */
  readonly measure: () => number | Promise<number>;
  readonly medians: number[];
}

const net = buildNet({ net: "j-net", width, channels: 1, classes: 1, inputSize, outputSize, seed: 0 }).graph;
const bytes = encodeModel(net, { opset: 13 });
// All outputs, as PyTorch's module computes them.
const contestants: Contestant[] = [
  await ours("seg export", false),
  await ours("seg export, upsampling fused", true),
];
const python = process.env["SEG_PYTHON"];
const script = join(process.env["SEG_SHARED"] ?? "../shared", "peer", "bench_torch.py");
const absent = python === undefined
  ? "SEG_PYTHON names no Python"
  : !existsSync(script)
  ? `${script} does not exist; set SEG_SHARED`
  : peerFault(python);
if (absent === undefined) {
  contestants.push({
    name: "PyTorch",
    measure: () => peerMedian(python as string),
    medians: [],
  });
} else console.log(`PyTorch is absent: ${absent}; only seg is measured`);

for (let round = 0; round < rounds; round++) {
  for (const { measure, medians } of contestants) medians.push(await measure());
}
console.log(
  `J-Net width ${width}, ${inputSize} to ${outputSize} px, one image, ${threads} threads, ${rounds} rounds by turns`,
);
const peer = contestants.find(({ name }) => name === "PyTorch");
for (const { name, medians } of contestants) {
  const listed = medians.map((value) => value.toFixed(2)).join(" ");
  const ratio = peer === undefined || name === "PyTorch"
    ? ""
    : `, PyTorch takes ×${median(medians.map((value, i) => (peer.medians[i] as number) / value)).toFixed(2)}`;
  console.log(`${name}: median ${median(medians).toFixed(2)} ms (rounds ${listed})${ratio}`);
}

async function ours(name: string, fuseUpsampling: boolean): Promise<Contestant> {
  const exported = exportModel(modelOf(name, bytes), { fuseUpsampling });
  const { nodes, flops } = inspect(exported.graph);
  console.log(`${name}: ${nodes} nodes, ${(flops / 1e6).toFixed(1)} MFLOP`);
  const session = await createSession(exported.model.bytes, { threads });
  const random = new Random(0);
  const [input] = exported.graph.inputs;
  if (input === undefined) throw new RangeError("The network has no input");
  const values = Float32Array.from({ length: elementCount(input.type.shape) }, () => random.normal());
  const feeds = { [input.name]: floats(values, input.type.shape) };
  const run = session.bind(feeds, await session.run(feeds));
  return { name, medians: [], measure: async () => latencyStatistics(await measureLatency(run, ROUND)).p50 };
}

function peerFault(interpreter: string): string | undefined {
  const { error, status } = spawnSync(interpreter, ["-c", "import torch"], { stdio: "ignore" });
  if (error !== undefined) return `${interpreter} does not start (${error.message})`;
  return status === 0 ? undefined : `${interpreter} cannot import torch`;
}

function peerMedian(interpreter: string): number {
  const levels = levelsBetween(inputSize, outputSize);
  const sizes = { width, "input-size": inputSize, levels, threads, steps: 100, batch: 2 };
  const flags = Object.entries(sizes).flatMap(([name, value]) => [`--${name}`, String(value)]);
  // Its stderr repeats one warning for every convolution.
  const answer = spawnSync(interpreter, [script, ...flags], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  if (answer.status !== 0) throw new Error(`${script} ended with ${answer.status ?? answer.signal}`);
  return (JSON.parse(answer.stdout) as { readonly inferOneMs: number }).inferOneMs;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low as number) + (high as number)) / 2;
}
