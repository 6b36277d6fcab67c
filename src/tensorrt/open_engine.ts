/** Opens an engine file: its passport is checked against this machine before TensorRT is asked to load it. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type DeviceSource, type JetsonDevice, readJetson, targetOfJetson } from "./device.ts";
import { findTrtexec } from "./find_trtexec.ts";
import { checkPassport, markFile, type Passport, readPassport } from "./passport.ts";
import { probeTrtexec, type Trtexec } from "./trtexec.ts";

/** An engine that this machine can load, with its passport and metadata. */
export interface OpenedEngine {
  readonly path: string;
  readonly passport: Passport;
  readonly trtexec: Trtexec;
  /** The Jetson on which the program runs. */
  readonly jetson?: JetsonDevice;
}

/** How {@link openEngine} looks. */
export interface OpenEngineOptions {
  /** Path of trtexec; searched where absent. */
  readonly trtexec?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where the device is read from; tests give a folder. */
  readonly device?: DeviceSource;
}

/**
 * Reads and checks the passport of an engine, and finds trtexec.
 *
 * The simulator loads its own engines alone, and a device none of them. Where the ONNX file of the passport lies beside the engine, it
 * must be the one that the engine was built from.
 *
 * @throws {Failure} where passport or trtexec are absent, or the engine is of another version, device or ONNX file.
 */
export async function openEngine(path: string, options: OpenEngineOptions = {}): Promise<OpenedEngine> {
  const passport = readPassport(path);
  const trtexec = await probeTrtexec(findTrtexec({ explicit: options.trtexec }), options.signal);
  const jetson = readJetson(options.device);
  const { version, simulated } = trtexec.capabilities;
  const capability = jetson && targetOfJetson(jetson)?.computeCapability;
  const onnx = join(dirname(path), basename(passport.onnx.file));
  checkPassport(path, passport, {
    tensorRt: version,
    ...(capability !== undefined && { computeCapability: capability }),
    ...(existsSync(onnx) && { onnxSha256: markFile(onnx).sha256 }),
    allowSimulated: simulated,
  });
  return { path, passport, trtexec, ...(jetson && { jetson }) };
}
