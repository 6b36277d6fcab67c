/** Runs real inputs through an engine by trtexec. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { elementCount, formatShape } from "../graph/tensor_type.ts";
import { type Reporter, silentReporter } from "../reporter.ts";
import { inferArguments } from "./command_line.ts";
import { readOutputs } from "./output.ts";
import { type TensorContract, writeRawInput } from "./raw_input.ts";
import { runTrtexec, type Trtexec } from "./trtexec.ts";

/** An engine with its inputs and outputs, shapes with the batch size in front. */
export interface RunnableEngine {
  readonly path: string;
  readonly input: TensorContract;
  readonly outputs: readonly TensorContract[];
}

/** Options of {@link runEngine}. */
export interface RunEngineOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Folder for the temporary files; the system's own otherwise. */
  readonly temporaryFolder?: string;
}

/** The outputs of all samples by name: values of sample after sample. */
export type SampleOutputs = Readonly<Record<string, Float32Array>>;

/**
 * Runs `samples` through an engine and returns its outputs.
 *
 * A trtexec process does one inference with new inputs and takes seconds to start on a Jetson, so samples are packed: an engine built with
 * batch size n takes n of them per process, and the last process is filled up with copies of its last sample, whose outputs are dropped.
 * The values that come back have six significant digits.
 *
 * @param samples float32 values of any number of samples, each of the input's shape without its batch dimension
 * @throws {Failure} where the samples do not fit the engine, the run fails, or an output is missing or of another shape.
 */
export async function runEngine(
  trtexec: Trtexec,
  engine: RunnableEngine,
  samples: Float32Array,
  options: RunEngineOptions = {},
): Promise<SampleOutputs> {
  const batch = engine.input.shape[0] ?? 1;
  const sampleSize = elementCount(engine.input.shape) / batch;
  const count = samples.length / sampleSize;
  if (!Number.isInteger(count) || count === 0) {
    throw new Failure(
      `Cannot run ${engine.path}: ${samples.length} values are no whole number of samples of ${sampleSize}; resize them to the input ${
        formatShape(engine.input.shape)
      }`,
    );
  }
  const results: Record<string, Float32Array> = {};
  for (const { name, shape } of engine.outputs) results[name] = new Float32Array(count * (elementCount(shape) / batch));
  const folder = mkdtempSync(join(options.temporaryFolder ?? tmpdir(), "seg-engine-"));
  try {
    for (let start = 0; start < count; start += batch) {
      (options.reporter ?? silentReporter).progress(`Running ${engine.path}: sample ${start + 1} of ${count}`);
      const filled = Math.min(batch, count - start);
      const values = new Float32Array(batch * sampleSize);
      values.set(samples.subarray(start * sampleSize, (start + filled) * sampleSize));
      const last = values.slice((filled - 1) * sampleSize, filled * sampleSize);
      for (let slot = filled; slot < batch; slot++) values.set(last, slot * sampleSize);
      const outputs = await runBatch(trtexec, engine, values, { folder, signal: options.signal });
      for (const [name, output] of outputs) {
        const size = output.length / batch;
        results[name]?.set(output.subarray(0, filled * size), start * size);
      }
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runBatch(
  trtexec: Trtexec,
  engine: RunnableEngine,
  values: Float32Array,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal | undefined },
): Promise<Map<string, Float32Array>> {
  const { elementType, shape } = engine.input;
  if (elementType !== "float32") {
    throw new Failure(`Cannot run ${engine.path}: its input is ${elementType}; build it with a float32 input`);
  }
  writeRawInput(join(folder, "input.bin"), engine.input, { elementType, shape, values });
  rmSync(join(folder, "output.json"), { force: true });
  // trtexec splits --loadInputs at commas and colons: it runs inside the folder, so that the path is a plain name.
  const args = inferArguments(trtexec.capabilities, {
    engine: resolve(engine.path),
    inputs: [{ name: engine.input.name, path: "input.bin" }],
    output: "output.json",
  });
  const logPath = join(folder, "trtexec.log");
  const run = await runTrtexec(resolve(trtexec.program), args, {
    cwd: folder,
    signal,
    logPath,
    activity: `Running ${engine.path}`,
  });
  if (run.failure) {
    const kept = `${engine.path}.log`;
    copyFileSync(logPath, kept);
    throw new Failure(`Cannot run ${engine.path}: ${run.failure.sentence} (log: ${kept})`);
  }
  const outputs = new Map(readOutputs(join(folder, "output.json")).map((output) => [output.name, output]));
  return new Map(engine.outputs.map((contract) => {
    const output = outputs.get(contract.name);
    if (output === undefined || output.values.length !== elementCount(contract.shape)) {
      throw new Failure(
        `Cannot run ${engine.path}: output ${contract.name} is ${
          output ? output.shape.join("x") : "absent"
        } where its passport says ${contract.shape.join("x")}; rebuild the engine`,
      );
    }
    return [contract.name, output.values];
  }));
}
