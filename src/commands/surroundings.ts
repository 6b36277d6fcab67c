/** What of a machine's surroundings decides whether work runs, for reports of faults. */
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import process from "node:process";

/** Free and total bytes of a file system. */
export interface Disk {
  readonly of: "working folder" | "temporary folder";
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The file systems that are written to; those that cannot be asked are left out. */
export function disks(): Disk[] {
  return ([["working folder", process.cwd()], ["temporary folder", tmpdir()]] as const).flatMap(([of, path]) => {
    try {
      const { bavail, blocks, bsize } = statfsSync(path);
      return [{ of, freeBytes: bavail * bsize, totalBytes: blocks * bsize }];
    } catch {
      return [];
    }
  });
}

/** What a container allows; absent where nothing is limited (cgroup v2, then v1). */
export function containerLimits(): { readonly memoryBytes?: number; readonly processors?: number } | undefined {
  const memory = Number(
    firstLine("/sys/fs/cgroup/memory.max") ?? firstLine("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
  );
  const [quota, period] = firstLine("/sys/fs/cgroup/cpu.max")?.split(" ").map(Number) ??
    ["cfs_quota_us", "cfs_period_us"].map((name) => Number(firstLine(`/sys/fs/cgroup/cpu/cpu.${name}`)));
  const limits = {
    // Version 1 says no limit by a number near 2⁶³.
    ...(memory > 0 && memory < 2 ** 60 && { memoryBytes: memory }),
    ...((quota as number) > 0 && (period as number) > 0 &&
      { processors: (quota as number) / (period as number) }),
  };
  return Object.keys(limits).length > 0 ? limits : undefined;
}

/** The name of the operating system's distribution, where there is one. */
export function distribution(): string | undefined {
  const text = readIfThere("/etc/os-release") ?? "";
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1];
}

/** The version of the NVIDIA driver, where it is loaded. */
export function nvidiaDriver(): string | undefined {
  return /(\d+\.\d+(?:\.\d+)?)/.exec(firstLine("/proc/driver/nvidia/version") ?? "")?.[1];
}

const VARIABLES = [
  "CUDA_VISIBLE_DEVICES",
  "DENO_DIR",
  "LANG",
  "LC_ALL",
  "LD_LIBRARY_PATH",
  "LD_PRELOAD",
  "NODE_OPTIONS",
  "NODE_PATH",
  "NO_COLOR",
  "OMP_NUM_THREADS",
  "SEG_DEBUG",
  "TERM",
  "TMPDIR",
];

/** The environment variables that change how this program runs, where they are set. */
export function environment(): Record<string, string> {
  return Object.fromEntries(
    VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, withoutHome(value)]];
    }),
  );
}

/** `text` with `~` for the user's folder. */
export function withoutHome(text: string): string {
  const home = homedir();
  return home.length > 1 ? text.replaceAll(home, "~") : text;
}

function firstLine(path: string): string | undefined {
  return readIfThere(path)?.split("\n")[0]?.trim();
}

function readIfThere(path: string): string | undefined {
  try {
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
