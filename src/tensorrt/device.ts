/** What a Jetson says of itself: model, software release, power mode, clocks, memory. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Target, TARGETS } from "./targets.ts";

/** The state of a Jetson; a field is absent where its file or command is. */
export interface JetsonDevice {
  /** E.g. `NVIDIA Jetson Nano Developer Kit`. */
  readonly model: string;
  readonly l4t?: { readonly release: number; readonly revision: string; readonly board: string };
  readonly jetPack?: string;
  /** Name and number that `nvpmodel -q` prints, e.g. `MAXN` and 0. It persists across reboots. */
  readonly powerMode?: { readonly name: string; readonly id: number };
  readonly gpuClockHz?: { readonly current: number; readonly minimum: number; readonly maximum: number };
  readonly memoryBytes?: { readonly total: number; readonly available: number };
  readonly swapBytes?: number;
}

/** Where the device is read from; tests give a folder of their own and recorded command output. */
export interface DeviceSource {
  readonly root?: string;
  /** Runs a command and gives its standard output, `undefined` where it cannot run. */
  readonly run?: (command: string, args: readonly string[]) => string | undefined;
}

/** The Jetson on which the program runs; `undefined` on any other machine. */
export function readJetson(source: DeviceSource = {}): JetsonDevice | undefined {
  const root = source.root ?? "/";
  const run = source.run ?? runCommand;
  const read = (path: string) => readText(join(root, path));
  // The device tree ends its strings with a NUL.
  const model = read("proc/device-tree/model")?.replaceAll("\0", "").trim();
  const l4t = parseTegraRelease(read("etc/nv_tegra_release") ?? "");
  if (!model?.includes("Jetson") && l4t === undefined) return undefined;
  const powerMode = parsePowerMode(run("nvpmodel", ["-q"]) ?? "");
  const clock = (name: string) => positive(read(`sys/devices/gpu.0/devfreq/57000000.gpu/${name}`));
  const [current, minimum, maximum] = [clock("cur_freq"), clock("min_freq"), clock("max_freq")];
  const jetPack = l4t && jetPackOf(l4t.release, l4t.revision);
  const memory = parseMemory(read("proc/meminfo") ?? "");
  return {
    model: model ?? "Jetson",
    ...(l4t && { l4t }),
    ...(jetPack !== undefined && { jetPack }),
    ...(powerMode && { powerMode }),
    ...(current && minimum && maximum && { gpuClockHz: { current, minimum, maximum } }),
    ...memory,
  };
}

/** Release, revision and board in the first line of `/etc/nv_tegra_release`. */
export function parseTegraRelease(text: string): JetsonDevice["l4t"] {
  const match = /R(\d+) \(release\), REVISION: ([\d.]+).*?BOARD: (\w+)/.exec(text);
  if (!match) return undefined;
  return { release: Number(match[1]), revision: match[2] ?? "", board: match[3] ?? "" };
}

/** The JetPack of an L4T release (NVIDIA's JetPack archive): 32.6.1 is 4.6, 32.7.n is 4.6.n, 35 is 5, 36 is 6, 38 and 39 are 7. */
export function jetPackOf(release: number, revision: string): string | undefined {
  const [minor, patch] = revision.split(".").map(Number);
  if (release === 32) {
    if (minor === 7) return `4.6.${patch ?? 1}`;
    return minor === 6 ? "4.6" : undefined;
  }
  return { 35: "5", 36: "6", 38: "7", 39: "7" }[release];
}

/** The target that a Jetson is, by its model and software release; `undefined` where there is no such target. */
export function targetOfJetson({ model, l4t, jetPack }: JetsonDevice): Target | undefined {
  if (/Orin Nano/.test(model)) return TARGETS[{ 35: "orin-nano-5", 36: "orin-nano" }[l4t?.release ?? 0] ?? ""];
  if (/Xavier NX/.test(model)) return l4t?.release === 35 ? TARGETS["xavier-nx"] : undefined;
  if (!/Jetson Nano/.test(model) || l4t?.release !== 32) return undefined;
  return jetPack === undefined ? undefined : TARGETS[jetPack === "4.6" ? "nano-4.6.0" : "nano"];
}

/** The mode in what `nvpmodel -q` prints: possibly warnings, then `NV Power Mode: MAXN`, then the number. */
export function parsePowerMode(text: string): JetsonDevice["powerMode"] {
  const match = /NV Power Mode:\s*(\S+)\s+(\d+)/.exec(text);
  return match ? { name: match[1] ?? "", id: Number(match[2]) } : undefined;
}

/** Why figures measured in this state are not those of the device at full speed, one sentence each. */
export function measuringCautions(device: JetsonDevice): string[] {
  const cautions: string[] = [];
  if (device.powerMode !== undefined && device.powerMode.id !== 0) {
    cautions.push(
      `The power mode is ${device.powerMode.name}, which halves the speed of a Nano; set the full one by sudo nvpmodel -m 0`,
    );
  }
  const clock = device.gpuClockHz;
  if (clock && clock.minimum < clock.maximum) {
    cautions.push(
      `The GPU clock is free between ${clock.minimum / 1e6} and ${
        clock.maximum / 1e6
      } MHz; pin it by sudo jetson_clocks`,
    );
  }
  return cautions;
}

function parseMemory(text: string): Pick<JetsonDevice, "memoryBytes" | "swapBytes"> {
  const field = (name: string) => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text);
    return match ? Number(match[1]) * 1024 : undefined;
  };
  const [total, available, swap] = [field("MemTotal"), field("MemAvailable"), field("SwapTotal")];
  return {
    ...(total !== undefined && available !== undefined && { memoryBytes: { total, available } }),
    ...(swap !== undefined && { swapBytes: swap }),
  };
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text?.trim());
  return value > 0 ? value : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // Any other machine lacks these files, and some need root.
  }
}

function runCommand(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, [...args], { encoding: "utf8", timeout: 5000, stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}
