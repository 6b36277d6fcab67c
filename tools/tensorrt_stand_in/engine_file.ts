/** The "engines" of the stand-in for TensorRT: recorded runs, and the compiler that puts a program on top of it. */
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TensorContract } from "../../src/tensorrt/raw_input.ts";

/** Folder of the headers and of the library's source; npm and the tests start at the root of the project. */
export const STAND_IN_FOLDER = join("tools", "tensorrt_stand_in");

/** Inputs and outputs of a network with the values of each run, in the order of the tensors. */
export interface Recording {
  readonly tensors: readonly (TensorContract & { readonly isInput: boolean })[];
  readonly runs: readonly (readonly Float32Array[])[];
}

/** Writes what stand_in.cpp reads: numbers are uint32, little-endian. */
export function writeRecording(path: string, { tensors, runs }: Recording): void {
  const number = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
  const text = (value: string) => new TextEncoder().encode(value);
  const bytes = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const parts = [
    text("RECORDED"),
    number(tensors.length),
    ...tensors.flatMap(({ name, isInput, shape }) => [
      number(text(name).length),
      text(name),
      number(isInput ? 1 : 0),
      number(shape.length),
      ...shape.map(number),
    ]),
    number(runs.length),
    ...runs.flatMap((values) => values.map(bytes)),
  ];
  writeFileSync(path, Buffer.concat(parts));
}

/** The versions after which the stand-in can be named: bindings by number, and tensors by name. */
export const STAND_IN_VERSIONS = {
  "8.2": ["-DNV_TENSORRT_MAJOR=8", "-DNV_TENSORRT_MINOR=2", "-DCUDART_VERSION=10020"],
  "10.3": ["-DNV_TENSORRT_MAJOR=10", "-DNV_TENSORRT_MINOR=3", "-DCUDART_VERSION=12060"],
} as const;

/** Whether a C++ compiler is at hand. */
export function hasCompiler(): boolean {
  return spawnSync("g++", ["--version"]).status === 0;
}

/** Compiles C++ files against the stand-in; warnings are errors. Returns what the compiler said where it failed. */
export function compileWithStandIn(
  program: string,
  sources: readonly string[],
  version: keyof typeof STAND_IN_VERSIONS,
): string | undefined {
  const flags = "-std=c++17 -O2 -ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror".split(" ");
  const library = join(STAND_IN_FOLDER, "stand_in.cpp");
  const words = [...flags, ...STAND_IN_VERSIONS[version], `-I${STAND_IN_FOLDER}`, ...sources, library, "-o", program];
  const { status, stderr } = spawnSync("g++", words, { encoding: "utf8" });
  return status === 0 ? undefined : stderr;
}

/** Makes the libraries libnvinfer and libcudart of version 8.2 in `folder`, both with all of the stand-in. */
export function archiveStandIn(folder: string): void {
  const object = join(folder, "stand_in.o");
  const words = [
    "-std=c++17",
    "-O1",
    ...STAND_IN_VERSIONS["8.2"],
    `-I${STAND_IN_FOLDER}`,
    "-c",
    join(STAND_IN_FOLDER, "stand_in.cpp"),
  ];
  spawnSync("g++", [...words, "-o", object], { stdio: "inherit" });
  for (const name of ["libnvinfer.a", "libcudart.a"]) {
    spawnSync("ar", ["rcs", join(folder, name), object], { stdio: "inherit" });
  }
}
