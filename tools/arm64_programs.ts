/** The arm64 programs that a Jetson Nano runs, as they lie on this machine. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Folder for what the npm registry has to be asked for. */
export const ARM64_FOLDER = join("runs", "arm64");

/** Folder for the C and C++ libraries, where the system has none for arm64. */
export const ARM64_ROOT = join(ARM64_FOLDER, "root");

/** Where `npm pack` and `tar` have put Deno's arm64 build. */
export const ARM64_DENO = join(ARM64_FOLDER, "package", "deno");

/** The libraries of onnxruntime-node for arm64: they are part of the npm package, whatever machine it was installed on. */
export function arm64Libraries(): string[] {
  const bin = join("node_modules", "onnxruntime-node", "bin");
  if (!existsSync(bin)) return [];
  return readdirSync(bin).flatMap((api) => {
    const folder = join(bin, api, "linux", "arm64");
    return existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
  });
}
