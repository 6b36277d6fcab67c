/** The exact arguments for trtexec of any version from 8.0 to 11. */
import { Failure } from "../failure.ts";
import { shellLine } from "../shell_words.ts";
import { type Capabilities, hasFlag } from "./capabilities.ts";
import type { Precision } from "./targets.ts";
import { formatVersion } from "./version.ts";

/** The shape of one input; give `minimum` and `maximum` both or not at all. Only for models with open dimensions. */
export interface InputShape {
  readonly name: string;
  readonly optimum: readonly number[];
  readonly minimum?: readonly number[];
  readonly maximum?: readonly number[];
}

/** A raw file for `--loadInputs`. */
export interface InputFile {
  readonly name: string;
  readonly path: string;
}

/** Options of {@link buildArguments}. */
export interface BuildOptions {
  readonly onnx: string;
  readonly engine: string;
  readonly precision: Precision;
  /** Builder workspace; 8.2's own default of 16 MiB is too small for many layers. */
  readonly workspaceMiB: number;
  /** File that makes later builds of similar networks fast; it is made where it is absent. */
  readonly timingCache?: string;
  readonly shapes?: readonly InputShape[];
  readonly layerInfo?: string;
  readonly verbose?: boolean;
}

/** Options of {@link benchArguments}. */
export interface BenchOptions {
  readonly engine: string;
  readonly times: string;
  readonly warmUpMs: number;
  /** The run goes on for this time and for `iterations` queries, whichever is longer. */
  readonly durationSeconds: number;
  readonly iterations?: number;
  readonly inputs?: readonly InputFile[];
  readonly shapes?: readonly InputShape[];
  /** Wait for the GPU in a busy loop: less jitter, one CPU core. */
  readonly spinWait?: boolean;
  readonly cudaGraph?: boolean;
}

/** Options of {@link profileArguments}. */
export interface ProfileOptions {
  readonly engine: string;
  readonly profile: string;
  readonly layerInfo?: string;
  readonly iterations?: number;
  readonly shapes?: readonly InputShape[];
}

/** Options of {@link inferArguments}. */
export interface InferOptions {
  readonly engine: string;
  readonly inputs: readonly InputFile[];
  readonly output: string;
  readonly shapes?: readonly InputShape[];
}

/**
 * Builds an engine and does not run it.
 *
 * @throws {Failure} where this TensorRT cannot do what the options ask, or a path or tensor name cannot be written on its command line.
 */
export function buildArguments(capabilities: Capabilities, options: BuildOptions): string[] {
  const line = new CommandLine(capabilities);
  line.path("--onnx", options.onnx).path("--saveEngine", options.engine);
  if (options.precision === "fp16") {
    if (!hasFlag(capabilities, "--fp16")) {
      throw new Failure(
        `TensorRT ${
          formatVersion(capabilities.version)
        } has no --fp16: its networks are strongly typed; build with --no-fp16 or take TensorRT 10 or older`,
      );
    }
    line.flag("--fp16");
  }
  // Newer ones are strongly typed: they compute in INT8 where the file says so, and have no flags for it.
  if (options.precision === "int8" && line.flag("--int8")) line.flag("--fp16");
  const workspace = wholeNumber("The workspace in MiB", options.workspaceMiB, 1);
  // 8.4 brought --memPoolSize and deprecated --workspace, 10.0 removed it.
  if (!line.option("--memPoolSize", `workspace:${workspace}`)) line.option("--workspace", workspace);
  line.shapes(options.shapes ?? []);
  if (options.timingCache !== undefined) line.path("--timingCacheFile", options.timingCache);
  // 8.6 brought --skipInference and deprecated --buildOnly, 10.0 removed it.
  if (!line.flag("--skipInference")) line.flag("--buildOnly");
  // "detailed" keeps the layers' types and shapes in the engine for --exportLayerInfo; 8.0 calls it --nvtxMode=verbose.
  if (!line.option("--profilingVerbosity", "detailed")) line.option("--nvtxMode", "verbose");
  if (options.layerInfo !== undefined && hasFlag(capabilities, "--exportLayerInfo")) {
    line.path("--exportLayerInfo", options.layerInfo);
  }
  if (options.verbose) line.flag("--verbose");
  return line.arguments;
}

/** Times an engine without a profiler, which would slow every layer. @throws {Failure} as {@link buildArguments}. */
export function benchArguments(capabilities: Capabilities, options: BenchOptions): string[] {
  const line = new CommandLine(capabilities);
  const iterations = wholeNumber("The number of iterations", options.iterations ?? 100, 1);
  line.path("--loadEngine", options.engine);
  line.option("--warmUp", wholeNumber("The warm-up in ms", options.warmUpMs, 0));
  line.option("--duration", wholeNumber("The duration in seconds", options.durationSeconds, 0));
  line.option("--iterations", iterations);
  line.option("--avgRuns", iterations);
  line.path("--exportTimes", options.times);
  line.inputs(options.inputs ?? []).shapes(options.shapes ?? [], true);
  line.transfers().waiting(options.spinWait ?? false, options.cudaGraph ?? false);
  return line.arguments;
}

/** Times the single layers of an engine. @throws {Failure} as {@link buildArguments}. */
export function profileArguments(capabilities: Capabilities, options: ProfileOptions): string[] {
  const line = new CommandLine(capabilities);
  line.path("--loadEngine", options.engine);
  line.option("--warmUp", 200);
  line.option("--duration", 0);
  line.option("--iterations", wholeNumber("The number of iterations", options.iterations ?? 100, 1));
  line.path("--exportProfile", options.profile);
  if (options.layerInfo !== undefined && hasFlag(capabilities, "--exportLayerInfo")) {
    line.path("--exportLayerInfo", options.layerInfo);
  }
  line.shapes(options.shapes ?? [], true).transfers().waiting(false, false);
  return line.arguments;
}

/** Runs an engine once on given inputs and writes its outputs. @throws {Failure} as {@link buildArguments}. */
export function inferArguments(capabilities: Capabilities, options: InferOptions): string[] {
  const line = new CommandLine(capabilities);
  line.path("--loadEngine", options.engine);
  line.option("--warmUp", 0);
  line.option("--duration", 0);
  line.option("--iterations", 1);
  line.inputs(options.inputs).path("--exportOutput", options.output);
  line.shapes(options.shapes ?? [], true).transfers().waiting(false, false);
  return line.arguments;
}

/** The line as one would type it into a shell, for reading only: the program itself starts trtexec without a shell. */
export function renderCommandLine(program: string, args: readonly string[]): string {
  return shellLine([program, ...args]);
}

/** Collects arguments; `option` and `flag` say whether this trtexec knows the flag, and add it only then. */
class CommandLine {
  readonly arguments: string[] = [];
  readonly #capabilities: Capabilities;
  readonly #given = new Set<string>();

  constructor(capabilities: Capabilities) {
    this.#capabilities = capabilities;
  }

  flag(flag: string): boolean {
    return this.#add(flag, flag);
  }

  option(flag: string, value: string | number): boolean {
    return this.#add(flag, `${flag}=${value}`);
  }

  path(flag: string, path: string): this {
    if (path === "" || /[\0\r\n]/.test(path)) {
      throw new Failure(
        `Cannot pass ${
          JSON.stringify(path)
        } to trtexec as ${flag}: a file name must be non-empty and of one line; rename the file`,
      );
    }
    if (!this.#add(flag, `${flag}=${path}`)) {
      throw new Failure(
        `This trtexec (TensorRT ${
          formatVersion(this.#capabilities.version)
        }) has no ${flag}; take another one with --trtexec`,
      );
    }
    return this;
  }

  /** `--loadInputs=name:path,…`: split at commas and colons, and 8.2 strips no quotes (sampleOptions.cpp, InferenceOptions). */
  inputs(files: readonly InputFile[]): this {
    if (files.length === 0) return this;
    const items = files.map(({ name, path }) => {
      requireTensorName(name);
      if (/[:,]/.test(path)) {
        throw new Failure(
          `Cannot load input ${name} from ${path}: trtexec splits --loadInputs at commas and colons; use a folder without them`,
        );
      }
      return `${name}:${path}`;
    });
    return this.path("--loadInputs", items.join(","));
  }

  /** Build time: the optimum alone, or minimum, optimum and maximum together. Run time: `--shapes` with the optimum. */
  shapes(shapes: readonly InputShape[], running = false): this {
    if (shapes.length === 0) return this;
    const list = (pick: (shape: InputShape) => readonly number[]) =>
      shapes.map((shape) => `${requireTensorName(shape.name)}:${renderShape(shape.name, pick(shape))}`).join(",");
    if (running) return this.path("--shapes", list((shape) => shape.optimum));
    const ranged = shapes.some((shape) => shape.minimum !== undefined || shape.maximum !== undefined);
    if (ranged) this.path("--minShapes", list((shape) => shape.minimum ?? shape.optimum));
    this.path("--optShapes", list((shape) => shape.optimum));
    if (ranged) this.path("--maxShapes", list((shape) => shape.maximum ?? shape.optimum));
    return this;
  }

  /** From 11 on trtexec leaves the copies to and from the device out unless told otherwise; before, they are part of every query. */
  transfers(): this {
    this.flag("--includeDataTransfers");
    return this;
  }

  /** From 11 on spin-wait and CUDA graphs are the default, and have flags that turn them off. */
  waiting(spinWait: boolean, cudaGraph: boolean): this {
    const newDefaults = this.#capabilities.version >= 110000;
    if (spinWait !== newDefaults) this.flag(spinWait ? "--useSpinWait" : "--noSpinWait");
    if (cudaGraph !== newDefaults) this.flag(cudaGraph ? "--useCudaGraph" : "--noCudaGraph");
    return this;
  }

  #add(flag: string, argument: string): boolean {
    if (!hasFlag(this.#capabilities, flag)) return false;
    // A flag that is given twice leaves a rest that trtexec calls an unknown option.
    if (this.#given.has(flag)) throw new Error(`Flag ${flag} was added twice`);
    this.#given.add(flag);
    this.arguments.push(argument);
    return true;
  }
}

function requireTensorName(name: string): string {
  if (name === "" || /[\s:,'"=\\]/.test(name)) {
    throw new Failure(
      `Cannot name the tensor ${
        JSON.stringify(name)
      } on trtexec's command line, which splits at colons and commas and does not undo quotes in all versions; rename it in the ONNX file`,
    );
  }
  return name;
}

function renderShape(name: string, shape: readonly number[]): string {
  if (shape.length === 0 || shape.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    throw new Failure(
      `Cannot use the shape ${shape.join("x")} of ${name}: every dimension must be a whole number from 1`,
    );
  }
  return shape.join("x");
}

/** 8.2 reads its numbers by stoi, so that 0.5 becomes 0 (sampleOptions.cpp). */
function wholeNumber(what: string, value: number, minimum: number): number {
  if (!Number.isSafeInteger(value) || value < minimum || value > 2 ** 31 - 1) {
    throw new Failure(`${what} must be a whole number from ${minimum}: found ${value}`);
  }
  return value;
}
