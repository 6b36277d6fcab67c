/** What a Jetson says of itself: model, software release, power mode, clocks, memory. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Board, BOARDS, findBoard, type PowerMode } from "./boards.ts";
import { findJetPack } from "./jetpack.ts";
import { boardWith, type Target } from "./targets.ts";

/** The state of a Jetson; a field is absent where its file or command is. */
export interface JetsonDevice {
  /** E.g. `NVIDIA Jetson Nano Developer Kit`. */
  readonly model: string;
  readonly l4t?: { readonly release: number; readonly revision: string; readonly board: string };
  readonly jetPack?: string;
  /** Name and number that `nvpmodel -q` prints, e.g. `MAXN` and 0. It persists across reboots. */
  readonly powerMode?: { readonly name: string; readonly id: number };
  /** The mode of the highest clocks, by the board's own `/etc/nvpmodel.conf`, else by what is known of such boards. */
  readonly fastestPowerMode?: { readonly name: string; readonly id: number };
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
  const memory = parseMemory(read("proc/meminfo") ?? "");
  const board = findBoard({ model: model ?? "", totalBytes: memory.memoryBytes?.total });
  const folders = board?.gpuClockFolders ?? BOARDS.flatMap(({ gpuClockFolders }) => gpuClockFolders);
  const folder = folders.find((path) => read(`${path}/cur_freq`) !== undefined);
  const clock = (name: string) => folder === undefined ? undefined : positive(read(`${folder}/${name}`));
  const [current, minimum, maximum] = [clock("cur_freq"), clock("min_freq"), clock("max_freq")];
  const jetPack = l4t && findJetPack(l4t.release, l4t.revision)?.name;
  const fastest = fastestMode(read("etc/nvpmodel.conf") ?? "") ?? fastestKnown(board, powerMode?.name);
  return {
    model: model ?? "Jetson",
    ...(l4t && { l4t }),
    ...(jetPack !== undefined && { jetPack }),
    ...(powerMode && { powerMode }),
    ...(fastest && { fastestPowerMode: { name: fastest.name, id: fastest.id } }),
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

/** The board that a Jetson is; `undefined` where it is none of those known. */
export function boardOfJetson({ model, memoryBytes }: JetsonDevice): Board | undefined {
  return findBoard({ model, totalBytes: memoryBytes?.total });
}

/** The target that a Jetson is, by its model, memory and software release; `undefined` where there is no such target. */
export function targetOfJetson(device: JetsonDevice): Target | undefined {
  const board = boardOfJetson(device);
  const release = device.l4t && findJetPack(device.l4t.release, device.l4t.revision);
  return board === undefined || release === undefined ? undefined : boardWith(board, release.tensorRt);
}

/**
 * The mode with the highest clocks of GPU, then memory, then the most processor cores, in an `nvpmodel.conf`; `undefined` where it tells none.
 *
 * A mode without a number, or with -1, does not limit the clock.
 */
export function fastestMode(text: string): Pick<PowerMode, "id" | "name"> | undefined {
  const blocks = text.split(/(?=^\s*<\s*POWER_MODEL\b)/m).slice(1);
  const modes = blocks.flatMap((block) => {
    const [, id, name = ""] = /<\s*POWER_MODEL\s+ID\s*=\s*(\d+)\s+NAME\s*=\s*([^\s>]+)/.exec(block) ?? [];
    if (id === undefined) return [];
    const limit = (what: string) => {
      const value = Number(new RegExp(`^\\s*${what}\\s+MAX_FREQ\\s+(-?\\d+)`, "m").exec(block)?.[1] ?? -1);
      return value > 0 ? value : Infinity;
    };
    const cores = [...block.matchAll(/^\s*CPU_ONLINE\s+CORE_\d+\s+1\b/gm)].length;
    return [{ id: Number(id), name, rank: [limit("GPU"), limit("EMC"), cores] }];
  });
  // Files without clocks rank all modes alike and say nothing.
  if (modes.every(({ rank }) => rank[0] === Infinity)) return undefined;
  const better = (a: readonly number[], b: readonly number[]) => {
    const differing = a.findIndex((value, i) => value !== b[i]);
    return differing >= 0 && (a[differing] as number) > (b[differing] as number);
  };
  return modes.reduce<(typeof modes)[number] | undefined>(
    (best, mode) => best === undefined || better(mode.rank, best.rank) ? mode : best,
    undefined,
  );
}

/** The mode in what `nvpmodel -q` prints: possibly warnings, then `NV Power Mode: MAXN`, then the number. */
export function parsePowerMode(text: string): JetsonDevice["powerMode"] {
  const match = /NV Power Mode:\s*(\S+)\s+(\d+)/.exec(text);
  return match ? { name: match[1] ?? "", id: Number(match[2]) } : undefined;
}

/** Why figures measured in this state are not those of the device at full speed, one sentence each. */
export function measuringCautions(device: JetsonDevice): string[] {
  const cautions: string[] = [];
  const { powerMode: mode, fastestPowerMode: fastest } = device;
  if (mode !== undefined) cautions.push(...powerCautions(mode.name, { fastest, board: boardOfJetson(device) }));
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

/** What to say of figures measured in the power mode `name`: nothing where it is the fastest, or the fastest is not known. */
export function powerCautions(
  name: string,
  { fastest, board }: {
    readonly fastest?: Pick<PowerMode, "id" | "name"> | undefined;
    readonly board?: Board | undefined;
  },
): string[] {
  const best = fastest ?? fastestKnown(board, name);
  if (best === undefined || best.name === name) return [];
  const clockOf = (wanted: string) => board?.powerModes.find((mode) => mode.name === wanted)?.gpuMHz;
  const [here, there] = [clockOf(name), clockOf(best.name)];
  const share = here !== undefined && there !== undefined && here < there
    ? `, which runs the GPU at ${Math.round(here)} of ${Math.round(there)} MHz`
    : "";
  return [`The power mode is ${name}${share}; set ${best.name}, the fastest, by sudo nvpmodel -m ${best.id}`];
}

/** The fastest mode of a board; `undefined` where it runs in a mode that is not in its table, and so may have faster ones. */
function fastestKnown(board: Board | undefined, mode: string | undefined): PowerMode | undefined {
  const known = mode === undefined || board?.powerModes.some(({ name }) => name === mode);
  return known ? board?.powerModes[0] : undefined;
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
