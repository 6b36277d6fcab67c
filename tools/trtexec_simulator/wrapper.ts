/** Makes a program named trtexec that starts the simulator. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { shellLine } from "../../src/shell_words.ts";
import type { SimulatedVersion } from "./flag_table.ts";

/**
 * Writes an executable script `trtexec` into `folder` and returns its path.
 *
 * @param options version to simulate, and a failure of SEG_SIMULATE_FAILURE
 */
export function writeSimulator(
  folder: string,
  options: { readonly version?: SimulatedVersion; readonly failure?: string } = {},
): string {
  // Compiled by tsc this file ends in .js and Node runs it; unbuilt it ends in .ts and Deno does.
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const main = fileURLToPath(new URL(`main${extension}`, import.meta.url));
  const start = "deno" in process.versions
    ? [process.execPath, "run", "-A", "--no-check", main]
    : [process.execPath, main];
  const script = [
    "#!/bin/sh",
    `SEG_SIMULATE_TENSORRT=${options.version ?? "8.2.1"} SEG_SIMULATE_FAILURE=${options.failure ?? ""}`,
    "export SEG_SIMULATE_TENSORRT SEG_SIMULATE_FAILURE",
    // exec: signals must reach the simulator and not a shell around it.
    `exec ${shellLine(start)} "$@"`,
    "",
  ];
  const path = join(folder, "trtexec");
  writeFileSync(path, script.join("\n"));
  chmodSync(path, 0o755);
  return path;
}
