/** Reads the lines of NVIDIA's tegrastats. */
import { BOARDS } from "./boards.ts";

/** One line; every field may be absent, since boards, releases and rights differ. */
export interface TegraSample {
  /** JetPack 5 and newer: local time, as printed (`07-09-2024 13:31:31`). */
  readonly time?: string;
  readonly ramMB?: { readonly used: number; readonly total: number };
  readonly swapMB?: { readonly used: number; readonly total: number };
  /** Load of each core that is on, 0 to 100. */
  readonly cpuPercent?: readonly number[];
  readonly gpuPercent?: number;
  readonly gpuMHz?: number;
  readonly memoryControllerPercent?: number;
  /** By zone in lower case, e.g. `gpu`; the fake value of PMIC is left out. */
  readonly temperaturesC: Readonly<Record<string, number>>;
  /** Momentary power by rail, e.g. `POM_5V_IN` or `VDD_IN`. */
  readonly railsMw: Readonly<Record<string, number>>;
}

/** Parses one line; a line of anything else gives a sample without fields. */
export function parseTegrastats(line: string): TegraSample {
  const time = /^(\d{2}-\d{2}-\d{4} \d{2}:\d{2}:\d{2}) /.exec(line)?.[1];
  const gpu = /GR3D(?:_FREQ)? (?:(\d+)%)?(?:@\[?(\d+))?/.exec(line);
  const memoryController = /EMC(?:_FREQ)? (\d+)%/.exec(line)?.[1];
  const ramMB = usage(line, "RAM");
  const swapMB = usage(line, "SWAP");
  const cores = /(?:CPU|cpu) \[([^\]]*)\]/.exec(line)?.[1];
  return {
    ...(time !== undefined && { time }),
    ...(ramMB && { ramMB }),
    ...(swapMB && { swapMB }),
    ...(cores !== undefined && { cpuPercent: Array.from(cores.matchAll(/(\d+)%/g), (core) => Number(core[1])) }),
    ...(gpu?.[1] !== undefined && { gpuPercent: Number(gpu[1]) }),
    ...(gpu?.[2] !== undefined && { gpuMHz: Number(gpu[2]) }),
    ...(memoryController !== undefined && { memoryControllerPercent: Number(memoryController) }),
    temperaturesC: temperatures(line),
    railsMw: rails(line),
  };
}

/**
 * Power of the whole board in mW: the rail of some board that measures all, else the sum of the rails that a board has in its place;
 * `undefined` where they are not printed.
 */
export function boardPowerMw({ railsMw }: TegraSample): number | undefined {
  for (const { rails: { total } } of BOARDS) {
    if (total !== undefined && railsMw[total] !== undefined) return railsMw[total];
  }
  for (const { rails: { parts } } of BOARDS) {
    if (parts?.every((rail) => railsMw[rail] !== undefined)) {
      return parts.reduce((sum, rail) => sum + (railsMw[rail] ?? 0), 0);
    }
  }
  return undefined;
}

/** What {@link PowerMeter} has measured while the GPU was busy. */
export interface PowerSummary {
  readonly samples: number;
  readonly seconds: number;
  readonly energyMj: number;
  readonly meanPowerMw: number;
  readonly peakPowerMw: number;
  readonly peakRamMB?: number;
  readonly peakTemperatureC?: number;
  /** Lowest and highest clock of the GPU while it was busy: a device that throttles has two. */
  readonly busyGpuMHz?: { readonly lowest: number; readonly highest: number };
}

/** A GPU above this load is busy. */
const BUSY_PERCENT = 50;

interface PowerSample {
  readonly seconds: number;
  readonly powerMw: number;
  readonly gpuPercent: number | undefined;
}

/**
 * Integrates power over time by the trapezium rule, from the momentary values: the averages that tegrastats prints run since its start.
 *
 * Only the time counts in which the GPU is busy: its load is half of the highest or more at both ends. While trtexec starts and ends,
 * the board idles. Where no load is printed, all of the time counts. The interval of tegrastats should be 250 ms or less.
 */
export class PowerMeter {
  readonly #samples: PowerSample[] = [];
  #peakRamMB: number | undefined;
  #peakTemperatureC: number | undefined;
  #busyGpuMHz: { readonly lowest: number; readonly highest: number } | undefined;

  /** Adds a line of tegrastats. @param seconds when the line arrived, on a clock of the caller */
  take(line: string, seconds: number): void {
    const sample = parseTegrastats(line);
    const powerMw = boardPowerMw(sample);
    if (sample.ramMB) this.#peakRamMB = Math.max(this.#peakRamMB ?? 0, sample.ramMB.used);
    const hottest = Math.max(...Object.values(sample.temperaturesC));
    if (Number.isFinite(hottest)) this.#peakTemperatureC = Math.max(this.#peakTemperatureC ?? -273, hottest);
    if (sample.gpuMHz !== undefined && (sample.gpuPercent ?? 0) > BUSY_PERCENT) {
      const { lowest = Infinity, highest = 0 } = this.#busyGpuMHz ?? {};
      this.#busyGpuMHz = { lowest: Math.min(lowest, sample.gpuMHz), highest: Math.max(highest, sample.gpuMHz) };
    }
    if (powerMw !== undefined) this.#samples.push({ seconds, powerMw, gpuPercent: sample.gpuPercent });
  }

  /** `undefined` where no two lines with a power follow each other while the GPU is busy. */
  summary(): PowerSummary | undefined {
    const highest = this.#samples.reduce((most, { gpuPercent = 0 }) => Math.max(most, gpuPercent), 0);
    const isBusy = ({ gpuPercent }: PowerSample) => highest === 0 || (gpuPercent ?? 0) >= highest / 2;
    let [seconds, energyMj] = [0, 0];
    this.#samples.forEach((sample, i) => {
      const before = this.#samples[i - 1];
      if (before === undefined || !isBusy(before) || !isBusy(sample)) return;
      seconds += sample.seconds - before.seconds;
      energyMj += (sample.seconds - before.seconds) * (sample.powerMw + before.powerMw) / 2;
    });
    if (seconds === 0) return undefined;
    const busy = this.#samples.filter(isBusy);
    return {
      samples: busy.length,
      seconds,
      energyMj,
      meanPowerMw: energyMj / seconds,
      peakPowerMw: Math.max(...busy.map(({ powerMw }) => powerMw)),
      ...(this.#peakRamMB !== undefined && { peakRamMB: this.#peakRamMB }),
      ...(this.#peakTemperatureC !== undefined && { peakTemperatureC: this.#peakTemperatureC }),
      ...(this.#busyGpuMHz && { busyGpuMHz: this.#busyGpuMHz }),
    };
  }
}

function usage(line: string, what: string): { used: number; total: number } | undefined {
  const match = new RegExp(`(?:^| )${what} (\\d+)/(\\d+)MB`).exec(line);
  return match ? { used: Number(match[1]), total: Number(match[2]) } : undefined;
}

function temperatures(line: string): Record<string, number> {
  const zones: Record<string, number> = {};
  for (const [, zone = "", value] of line.matchAll(/(?:^| )([A-Za-z][\w.-]*)@(-?[\d.]+)C(?=[ /]|$)/g)) {
    // The power chip has no sensor: its zone is a constant 50 or 100.
    if (zone.toLowerCase() !== "pmic") zones[zone.toLowerCase()] = Number(value);
  }
  return zones;
}

/**
 * `POM_5V_IN 1750/1628` and `GPU 18401/18525` of R32 are in mW without a unit; JetPack 5 and newer write `VDD_IN 2763mW/2846mW`, and some
 * a third value. The first number is momentary.
 */
function rails(line: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (
    const [, rail = "", value] of line.matchAll(/(?<= |^)([A-Z]\w*) (-?\d+)(?:mW)?(?:\/-?\d+(?:mW)?){1,2}(?= |$)/g)
  ) {
    found[rail] = Number(value);
  }
  return found;
}
