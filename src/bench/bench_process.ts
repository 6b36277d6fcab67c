/** Starts the worker that is measured, with the runtime that runs this program. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "../child_environment.ts";
import { Failure } from "../failure.ts";
import { requireProvider } from "../runtime/providers.ts";
import { fittingJson } from "../json.ts";
import { type BenchMeasurement, BenchMessage, type BenchRequest } from "./worker_protocol.ts";

/** What a caller may follow and stop. */
export interface WorkerOptions {
  readonly progress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

// Deno runs the source itself; Node runs what tsc made of it.
const WORKER = fileURLToPath(new URL(import.meta.url.replace(/bench_process(?=\.[jt]s$)/, "bench_worker")));
const DENO_FLAGS = ["run", "--quiet", "--no-prompt", "--allow-ffi", "--allow-read", "--allow-env", "--allow-sys"];

/**
 * Measures in a fresh process, so that its memory is that of one model.
 *
 * @throws {Failure} where the worker refuses the model or ends without an answer.
 */
export async function runWorker(
  request: BenchRequest,
  { progress, signal }: WorkerOptions = {},
): Promise<BenchMeasurement> {
  signal?.throwIfAborted();
  await requireProvider(request.provider);
  const worker = spawn(process.execPath, [...("deno" in process.versions ? DENO_FLAGS : []), WORKER], {
    env: childEnvironment(),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stop = () => void worker.kill();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const ended = new Promise<number | string>((resolve, reject) => {
      worker.once("error", reject);
      worker.once("close", (code, name) => resolve(code ?? name ?? "unknown"));
    });
    let complaint = "";
    worker.stderr.on("data", (chunk) => complaint = (complaint + chunk).slice(-2000));
    // A worker that dies early closes the pipe; its end is reported below.
    worker.stdin.on("error", () => {});
    worker.stdin.end(JSON.stringify(request));
    let answer: BenchMessage | undefined;
    for await (const line of createInterface({ input: worker.stdout })) {
      // ONNX Runtime may print to stdout too.
      const message = fittingJson(line, BenchMessage);
      if (message?.kind === "progress") progress?.(message.share);
      else answer = message ?? answer;
    }
    const end = await ended;
    signal?.throwIfAborted();
    if (answer?.kind === "result") return answer.result;
    if (answer?.kind === "failure") throw new Failure(answer.message);
    const last = complaint.trim().split("\n").at(-1) || "no message";
    throw new Failure(`The measured process ended with ${end} (${last}); was there enough memory for ${request.file}?`);
  } finally {
    signal?.removeEventListener("abort", stop);
    worker.kill();
  }
}
