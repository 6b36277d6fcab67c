/** The file `.engine.json` beside an engine: what it was built from, by what, for which device. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import * as v from "valibot";
import { Failure } from "../failure.ts";
import { hashFile, readJson, writeJsonAtomic } from "../files.ts";
import { ELEMENT_ARRAYS, type ElementType } from "../graph/tensor_type.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import { listOf, oneOf, realNumber, recordOf, wholeNumber } from "../schemas.ts";
import type { BuiltEngine } from "./build_engine.ts";
import type { JetsonDevice } from "./device.ts";
import type { TensorContract } from "./raw_input.ts";
import type { Precision } from "./targets.ts";
import { formatVersion, parseVersion } from "./version.ts";

/** A file by name, size and content. */
export interface FileMark {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Work of one layer for one inference; bytes of float32. */
export interface PassportLayer {
  readonly name: string;
  readonly flops: number;
  readonly bytes: number;
}

/** The content of `.engine.json`. */
export interface Passport {
  readonly format: 1;
  readonly tensorRt: string;
  /** Name that trtexec prints, e.g. `NVIDIA Tegra X1`. */
  readonly device: string;
  readonly computeCapability: string;
  /** Name of the board where it is a Jetson, e.g. `NVIDIA Jetson Nano Developer Kit`. */
  readonly board?: string;
  readonly jetPack?: string;
  readonly precision: Precision;
  /** True where the simulator made the file: no device can load it. */
  readonly simulated: boolean;
  readonly onnx: FileMark;
  readonly engine: FileMark;
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
  /** trtexec's arguments as built for these names. */
  readonly trtexec: readonly string[];
  /** `metadata_props` of the ONNX file, by which the engine is used as the file is. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Kernels after TensorRT's documented fusions. */
  readonly kernels?: number;
  /** The work of the layers, for the roofline. */
  readonly work?: readonly PassportLayer[];
}

/** The machine on which an engine is about to be loaded; what is unknown is not compared. */
export interface LoadingMachine {
  readonly tensorRt?: TensorRtVersion;
  readonly computeCapability?: string;
  readonly device?: string;
}

const SIZE_LIMIT = 2 ** 20;

const FileMarkSchema = v.object({ file: v.string(), bytes: wholeNumber(0), sha256: v.string() });

const TensorContractSchema = v.object({
  name: v.string(),
  elementType: oneOf(Object.keys(ELEMENT_ARRAYS) as ElementType[]),
  shape: listOf(wholeNumber(1)),
});

const PassportSchema: v.GenericSchema<unknown, Passport> = v.object({
  format: v.literal(1),
  tensorRt: v.string(),
  device: v.string(),
  computeCapability: v.string(),
  board: v.exactOptional(v.string()),
  jetPack: v.exactOptional(v.string()),
  precision: oneOf(["fp32", "fp16", "int8"]),
  simulated: v.boolean(),
  onnx: FileMarkSchema,
  engine: FileMarkSchema,
  inputs: v.pipe(listOf(TensorContractSchema), v.minLength(1, "a list of tensors")),
  outputs: v.pipe(listOf(TensorContractSchema), v.minLength(1, "a list of tensors")),
  trtexec: listOf(v.string()),
  metadata: v.exactOptional(recordOf(v.string())),
  kernels: v.exactOptional(realNumber(0)),
  work: v.exactOptional(listOf(v.object({ name: v.string(), flops: realNumber(0), bytes: realNumber(0) }))),
});

/** The path of the passport of an engine. */
export function passportPath(engine: string): string {
  return `${engine}.json`;
}

/** Name, size and SHA-256 of a file, read piece by piece. @throws {Failure} where it cannot be read. */
export function markFile(path: string): FileMark {
  const hash = createHash("sha256");
  const bytes = hashFile(path, hash);
  return { file: basename(path), bytes, sha256: hash.digest("hex") };
}

/** What {@link makePassport} cannot read from the log of the build. */
export interface PassportOptions extends Pick<Passport, "metadata" | "kernels" | "work"> {
  readonly onnx: string;
  readonly engine: string;
  readonly precision: Precision;
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
  readonly jetson?: JetsonDevice | undefined;
}

/** The passport of an engine that was just built. @throws {Failure} where its log names no version and device, or a file cannot be read. */
export function makePassport(built: BuiltEngine, options: PassportOptions): Passport {
  const { log } = built.run;
  const { name, computeCapability } = log.device;
  if (log.version === undefined || computeCapability === undefined) {
    throw new Failure(
      `Cannot write the passport of ${options.engine}: the log of trtexec names no device; read the log and build again`,
    );
  }
  const { jetson } = options;
  return {
    format: 1,
    tensorRt: formatVersion(log.version),
    device: name ?? "unknown",
    computeCapability,
    ...(jetson && { board: jetson.model }),
    ...(jetson?.jetPack !== undefined && { jetPack: jetson.jetPack }),
    precision: options.precision,
    simulated: log.simulated,
    onnx: markFile(options.onnx),
    engine: markFile(options.engine),
    inputs: options.inputs,
    outputs: options.outputs,
    trtexec: built.arguments,
    ...(options.metadata && { metadata: options.metadata }),
    ...(options.kernels !== undefined && { kernels: options.kernels }),
    ...(options.work && { work: options.work }),
  };
}

/** Writes the passport beside its engine. @throws {Failure} where it cannot be written. */
export function writePassport(engine: string, passport: Passport): void {
  writeJsonAtomic(passportPath(engine), passport);
}

/** @throws {Failure} where the passport of `engine` is absent, no JSON, or incomplete. */
export function readPassport(engine: string): Passport {
  const path = passportPath(engine);
  if (!existsSync(path)) {
    throw new Failure(
      `Cannot tell what ${engine} was built for: there is no ${path}; build it by seg export --trt, which writes that file`,
    );
  }
  return readJson(path, PassportSchema, "build the engine again by seg export --trt", { largestBytes: SIZE_LIMIT });
}

/**
 * Refuses an engine that this machine cannot load, or that belongs to another ONNX file, before TensorRT is asked.
 *
 * An engine is bound to the exact TensorRT version and to the compute capability (TensorRT support matrix, "Serialized engine portability").
 *
 * @throws {Failure} with what differs and the command that rebuilds the engine.
 */
export function checkPassport(
  engine: string,
  passport: Passport,
  machine: LoadingMachine & { readonly onnxSha256?: string; readonly allowSimulated?: boolean } = {},
): void {
  const refuse = (difference: string): never => {
    throw new Failure(`Cannot load ${engine}: ${difference}; rebuild it here by ${rebuildCommand(passport)}`);
  };
  const mark = markFile(engine);
  if (mark.sha256 !== passport.engine.sha256) {
    refuse(`it has ${mark.bytes} bytes of other content than the passport describes (${passport.engine.bytes} bytes)`);
  }
  if (machine.onnxSha256 !== undefined && machine.onnxSha256 !== passport.onnx.sha256) {
    refuse(`it was built from another version of ${passport.onnx.file}`);
  }
  if (passport.simulated && !machine.allowSimulated) refuse("the trtexec simulator made it, and no device can run it");
  const built = parseVersion(passport.tensorRt);
  if (machine.tensorRt !== undefined && built !== machine.tensorRt) {
    refuse(`it was built by TensorRT ${passport.tensorRt} and this machine has ${formatVersion(machine.tensorRt)}`);
  }
  if (machine.computeCapability !== undefined && machine.computeCapability !== passport.computeCapability) {
    refuse(
      `it was built on ${passport.device} with compute capability ${passport.computeCapability} and this machine has ${machine.computeCapability}`,
    );
  }
}

/** The command that builds the engine again on the machine where it is typed. */
function rebuildCommand(passport: Passport): string {
  return `seg export ${passport.onnx.file} --trt --target host${
    { fp16: " --fp16", fp32: " --no-fp16", int8: " --int8" }[passport.precision]
  }`;
}
