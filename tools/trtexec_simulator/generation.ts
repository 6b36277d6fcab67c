/** What differs between the simulated versions besides their flags. */
import type { SimulatedVersion } from "./flag_table.ts";

/** Formats, texts and the device of one version. */
export interface Generation {
  readonly version: SimulatedVersion;
  /** Number behind `TensorRT v`. */
  readonly number: number;
  /** Text behind `TensorRT version:`; 8.0 prints the number. */
  readonly printed: string;
  readonly device: { readonly name: string; readonly computeCapability: string; readonly multiprocessors: number };
  /** 8.0 to 8.2: `endToEndMs` in the times and the summary. */
  readonly endToEnd: boolean;
  /** 8.4 on: `medianMs` in the profile. */
  readonly profileMedian: boolean;
  /** Up to 8.4: the exported times contain the warm-up queries. */
  readonly timesWithWarmUp: boolean;
  readonly percentiles: readonly number[];
  /** 8.5 on: the size of an input file must fit. */
  readonly checksInputSize: boolean;
  /** 8.6 on: exceptions end in FAILED instead of an abort. */
  readonly catchesExceptions: boolean;
  /** 11 on: layer information lists `I/O Tensors` instead of `Bindings`. */
  readonly ioTensors: boolean;
  /** Newer ones name their build in the first banner: `[b11]`. */
  readonly build?: number;
  /** 10.16 on: lists all devices before the one it takes, with the clocks that programs get. */
  readonly listsDevices: boolean;
  /** Last error line but one of a failed build. */
  readonly engineFailure: string;
}

const NANO = { name: "NVIDIA Tegra X1 (simulator)", computeCapability: "5.3", multiprocessors: 1 };
const XAVIER = { name: "Xavier (simulator)", computeCapability: "7.2", multiprocessors: 6 };
const ORIN = { name: "Orin (simulator)", computeCapability: "8.7", multiprocessors: 8 };

const V80: Generation = {
  version: "8.0.1",
  number: 8001,
  printed: "8001",
  device: NANO,
  endToEnd: true,
  profileMedian: false,
  timesWithWarmUp: true,
  percentiles: [99],
  checksInputSize: false,
  catchesExceptions: false,
  ioTensors: false,
  listsDevices: false,
  engineFailure: "Engine creation failed",
};
const V82: Generation = {
  ...V80,
  version: "8.2.1",
  number: 8201,
  printed: "8.2.1",
  engineFailure: "Failed to create engine from model.",
};
const V84: Generation = {
  ...V82,
  version: "8.4.1",
  number: 8401,
  printed: "8.4.1",
  device: XAVIER,
  endToEnd: false,
  profileMedian: true,
  engineFailure: "Failed to create engine from model or file.",
};
const V85: Generation = {
  ...V84,
  version: "8.5.1",
  number: 8501,
  printed: "8.5.1",
  timesWithWarmUp: false,
  percentiles: [90, 95, 99],
  checksInputSize: true,
};
const V86: Generation = {
  ...V85,
  version: "8.6.1",
  number: 8601,
  printed: "8.6.1",
  device: ORIN,
  catchesExceptions: true,
};
const V103: Generation = { ...V86, version: "10.3", number: 100300, printed: "10.3.0", build: 30 };
const V1016: Generation = {
  ...V103,
  version: "10.16",
  number: 101601,
  printed: "10.16.1",
  build: 11,
  listsDevices: true,
};
const V111: Generation = { ...V1016, version: "11.1", number: 110100, printed: "11.1.0", ioTensors: true };

/** The generation of a version by its name. */
export function generationOf(version: string): Generation | undefined {
  return [V80, V82, V84, V85, V86, V103, V1016, V111].find((generation) => generation.version === version);
}
