/** The graphics processor of a machine that is no Jetson, as NVIDIA's driver describes it. */
import { execFileSync } from "node:child_process";
import type { ReportedDevice } from "./targets.ts";

/** Runs a command and gives its standard output, `undefined` where it cannot run. */
type RunCommand = (command: string, args: readonly string[]) => string | undefined;

/** What `nvidia-smi` says of the first graphics processor, on which trtexec builds; `undefined` where there is none. */
export function readHostGpu(run: RunCommand = runCommand): ReportedDevice | undefined {
  const answer = run("nvidia-smi", ["--query-gpu=name,compute_cap,memory.total", "--format=csv,noheader,nounits"]);
  const [name, computeCapability, memory] = (answer?.split("\n")[0] ?? "").split(",").map((text) => text.trim());
  if (!name || !/^\d+\.\d+$/.test(computeCapability ?? "")) return undefined;
  const memoryMiB = Number(memory);
  return { name, computeCapability: computeCapability as string, ...(memoryMiB > 0 && { memoryMiB }) };
}

function runCommand(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 10_000 });
  } catch {
    return undefined;
  }
}
