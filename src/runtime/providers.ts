/** Which execution providers of ONNX Runtime work here: tried in a process of their own, where a crash of a driver is an answer. */
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { childEnvironment } from "../child_environment.ts";
import { Failure, UsageFailure } from "../failure.ts";
import { Graph } from "../graph/graph.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import { add } from "../graph/ops/arithmetic.ts";
import { floats, numbersOf } from "../graph/tensor_type.ts";
import { fittingJson } from "../json.ts";
import { shown, shownText } from "../shown.ts";
import { createSession, supportedProviders } from "./session.ts";

/** Runs a model of one addition; what went wrong, or undefined. @throws {Error} with ONNX Runtime's message. */
export async function sumFault(provider: string | undefined): Promise<string | undefined> {
  const graph = new Graph();
  const x = graph.input("x", { elementType: "float32", shape: [2] });
  graph.output(graph.apply(add, [x, x], {}), "y");
  const session = await createSession(encodeModel(graph, { opset: 13, graphName: "sum" }), { threads: 1, provider });
  const { y } = await session.run({ x: floats([1, 2.5]) });
  await session.release();
  const found = y && numbersOf(y).join(" and ");
  return found === "2 and 5" ? undefined : `it computes ${found} for 2 and 5`;
}

/** A provider, and how to get it where it does not run. */
export interface ProviderState {
  readonly name: string;
  readonly atHand: boolean;
  /** What the trial ended with. */
  readonly fault?: string;
  readonly remedy?: string;
}

/** The libraries are not part of the npm package; its own install step downloads them. */
const REMEDIES: Readonly<Record<string, string>> = {
  cuda:
    "with network and an NVIDIA GPU: npm rebuild onnxruntime-node --ignore-scripts=false, with CUDA and cuDNN installed",
  tensorrt:
    "with network and an NVIDIA GPU: npm rebuild onnxruntime-node --ignore-scripts=false, with TensorRT installed; " +
    "on a Jetson use seg export --trt",
  webgpu: "install a driver of the graphics processor (Vulkan, Metal or Direct3D 12)",
};

/** Tries all providers of the installed ONNX Runtime. */
export async function providerStates(): Promise<ProviderState[]> {
  return await Promise.all(supportedProviders().map(({ name }) => providerState(name)));
}

const tried = new Map<string, Promise<ProviderState>>();

/** Tries a provider, once in a process. */
function providerState(name: string): Promise<ProviderState> {
  const state = tried.get(name) ?? tryProvider(name);
  tried.set(name, state);
  return state;
}

async function tryProvider(name: string): Promise<ProviderState> {
  const fault = await faultOf(name);
  if (fault === undefined) return { name, atHand: true };
  const remedy = REMEDIES[name] ?? "put its library beside the one of onnxruntime-node";
  return { name, atHand: false, fault: shownText(fault, 300), remedy };
}

// Deno runs the source itself; Node runs what tsc made of it.
const WORKER = fileURLToPath(new URL(import.meta.url.replace(/providers(?=\.[jt]s$)/, "provider_worker")));
const DENO_FLAGS = ["run", "--quiet", "--no-prompt", "--allow-ffi", "--allow-read", "--allow-env", "--allow-sys"];
const LONGEST_MS = 60_000;

const Answer = v.object({ fault: v.nullable(v.string()) });

function faultOf(name: string): Promise<string | undefined> {
  const program = [...("deno" in process.versions ? DENO_FLAGS : []), WORKER, name];
  const options = { env: childEnvironment(), timeout: LONGEST_MS };
  return new Promise((resolve) => {
    execFile(process.execPath, program, options, (error, stdout) => {
      // ONNX Runtime may print to stdout too.
      const answers = stdout.split("\n").flatMap((line) => fittingJson(line, Answer) ?? []);
      const answer = answers.at(-1);
      // A driver may crash when the process ends, after the right answer: it cannot be used for work.
      if (error !== null && answer?.fault == null) resolve(`the trial ended with ${error.signal ?? error.code}`);
      else resolve(answer === undefined ? "the trial gave no answer" : answer.fault ?? undefined);
    });
  });
}

/**
 * Refuses a provider that does not run on this machine, before anything else is done with it.
 *
 * @throws {UsageFailure} where ONNX Runtime knows none of this name.
 * @throws {Failure} where it does not run, with the remedy.
 */
export async function requireProvider(provider: string | undefined): Promise<void> {
  if (provider === undefined || provider === "cpu") return;
  const names = supportedProviders().map(({ name }) => name);
  if (!names.includes(provider)) {
    throw new UsageFailure(
      `--provider ${shown(provider)} is no provider of this ONNX Runtime, expected ${names.join(", ")}`,
    );
  }
  const { atHand, fault, remedy } = await providerState(provider);
  if (!atHand) throw new Failure(`Provider ${provider} does not run here: ${fault}; ${remedy}`);
}
