/** The Jetson boards: how they are recognized, what they hold, and how fast each of their power modes is. */

/** A power mode of `nvpmodel`. Clocks are left out where no figure is known. */
export interface PowerMode {
  /** Number that `nvpmodel -m` takes. */
  readonly id: number;
  /** As `nvpmodel -q` prints it. */
  readonly name: string;
  /** Highest GPU clock. */
  readonly gpuMHz?: number;
  /** Of the memory at the mode's highest clock. */
  readonly bandwidthGBs?: number;
  /** True where a figure is not from a recorded device or NVIDIA's tables at hand, but from a data sheet's maximum or memory. */
  readonly estimated?: boolean;
}

/** Rails that tegrastats prints: one that measures the whole board, or those that add up to it. */
export interface PowerRails {
  readonly total?: string;
  readonly parts?: readonly string[];
}

/** A board. */
export interface Board {
  /** The name that `--target` takes. */
  readonly name: string;
  readonly title: string;
  /** What `/proc/device-tree/model` says on it; boards of one name are told apart by their memory. */
  readonly model: RegExp;
  readonly memoryGiB: number;
  /** CUDA compute capability. */
  readonly computeCapability: string;
  readonly cudaCores: number;
  /** INT8 arithmetic of the GPU. */
  readonly hasInt8: boolean;
  readonly dlaCores: number;
  /** The fastest first. */
  readonly powerModes: readonly [PowerMode, ...PowerMode[]];
  /** Folders of the GPU's clock below `/`, the first that exists counts. */
  readonly gpuClockFolders: readonly string[];
  readonly rails: PowerRails;
  /** JetPacks that differ in their TensorRT; the first is the one that `--target NAME` means. */
  readonly jetPacks: readonly [string, ...string[]];
}

function clockFolders(...devices: readonly string[]): string[] {
  return devices.flatMap((device) => [
    `sys/class/devfreq/${device}`,
    `sys/devices/gpu.0/devfreq/${device}`,
    `sys/devices/${device}/devfreq/${device}`,
    `sys/devices/platform/${device}/devfreq/${device}`,
    `sys/devices/platform/bus@0/${device}/devfreq/${device}`,
  ]);
}

/** Tegra X1: 1 SM of 128 cores, half2 arithmetic, no dp4a; 64-bit LPDDR4-1600 (trtexec's device block; L4T guide, "Supported Modes"). */
const TEGRA_X1 = {
  computeCapability: "5.3",
  cudaCores: 128,
  hasInt8: false,
  dlaCores: 0,
  powerModes: [
    { id: 0, name: "MAXN", gpuMHz: 921.6, bandwidthGBs: 25.6 },
    { id: 1, name: "5W", gpuMHz: 614.4, bandwidthGBs: 25.6 },
  ],
  gpuClockFolders: clockFolders("57000000.gpu"),
  rails: { total: "POM_5V_IN" },
  jetPacks: ["4.6.1", "4.6"],
} as const;

/** Tegra Xavier: Volta, compute capability 7.2 (L4T guide, "Supported Modes"; nvpmodel files of R32 and R35). */
const XAVIER = {
  computeCapability: "7.2",
  hasInt8: true,
  dlaCores: 2,
  gpuClockFolders: clockFolders("17000000.gv11b"),
  jetPacks: ["5.1", "4.6", "4.6.1", "5.0.2"],
} as const;

/** Tegra Orin: Ampere, 8.7. Its GPU device is called ga10b up to JetPack 5 and on some systems later. */
const ORIN = {
  computeCapability: "8.7",
  hasInt8: true,
  gpuClockFolders: clockFolders("17000000.gpu", "17000000.ga10b"),
  jetPacks: ["6.1", "5.1", "6.0", "7.2"],
} as const;

/** The modules on the carrier of the Orin Nano measure their whole input. */
const ORIN_RAILS = { total: "VDD_IN" } as const;
/** The first of its kind: JetPack 5.0 was for it. */
const AGX_ORIN_JETPACKS = ["6.1", "5.0.2", "5.1", "6.0", "7.2"] as const;
/** AGX Orin has no rail for all. */
const AGX_ORIN_RAILS = { parts: ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"] } as const;

/** All boards; where the memory is not known, the first whose name fits counts. */
export const BOARDS: readonly Board[] = [
  { ...TEGRA_X1, name: "nano", title: "Jetson Nano 4 GB", model: /Jetson Nano(?! 2GB)/, memoryGiB: 4 },
  { ...TEGRA_X1, name: "nano-2gb", title: "Jetson Nano 2 GB", model: /Jetson Nano 2GB/, memoryGiB: 2 },
  {
    name: "tx2",
    title: "Jetson TX2",
    model: /Jetson TX2|^quill/,
    memoryGiB: 8,
    computeCapability: "6.2",
    cudaCores: 256,
    hasInt8: false,
    dlaCores: 0,
    powerModes: [
      { id: 0, name: "MAXN", gpuMHz: 1300.5, bandwidthGBs: 59.7 },
      { id: 2, name: "MAXP_CORE_ALL", gpuMHz: 1122, bandwidthGBs: 59.7, estimated: true },
      { id: 3, name: "MAXP_CORE_ARM", gpuMHz: 1122, bandwidthGBs: 59.7, estimated: true },
      { id: 4, name: "MAXP_CORE_DENVER", gpuMHz: 1122, bandwidthGBs: 59.7, estimated: true },
      { id: 1, name: "MAXQ", gpuMHz: 850, bandwidthGBs: 42.6, estimated: true },
    ],
    gpuClockFolders: clockFolders("17000000.gp10b"),
    rails: { total: "VDD_IN" },
    jetPacks: ["4.6.1", "4.6"],
  },
  {
    ...XAVIER,
    name: "xavier-nx",
    title: "Jetson Xavier NX",
    model: /Xavier NX/,
    memoryGiB: 8,
    cudaCores: 384,
    // 15 W and 20 W run the GPU at one clock; the memory and the number of processor cores differ.
    powerModes: [
      { id: 8, name: "MODE_20W_6CORE", gpuMHz: 1109.25, bandwidthGBs: 59.7 },
      { id: 7, name: "MODE_20W_4CORE", gpuMHz: 1109.25, bandwidthGBs: 59.7 },
      { id: 6, name: "MODE_20W_2CORE", gpuMHz: 1109.25, bandwidthGBs: 59.7 },
      { id: 2, name: "MODE_15W_6CORE", gpuMHz: 1109.25, bandwidthGBs: 51.2 },
      { id: 1, name: "MODE_15W_4CORE", gpuMHz: 1109.25, bandwidthGBs: 51.2 },
      { id: 0, name: "MODE_15W_2CORE", gpuMHz: 1109.25, bandwidthGBs: 51.2 },
      { id: 4, name: "MODE_10W_4CORE", gpuMHz: 803.25, bandwidthGBs: 51.2, estimated: true },
      { id: 3, name: "MODE_10W_2CORE", gpuMHz: 803.25, bandwidthGBs: 51.2, estimated: true },
      { id: 5, name: "MODE_10W_DESKTOP" },
    ],
    rails: { total: "VDD_IN" },
  },
  {
    ...XAVIER,
    name: "agx-xavier",
    title: "Jetson AGX Xavier",
    model: /AGX Xavier|^Jetson-AGX/,
    memoryGiB: 32,
    cudaCores: 512,
    powerModes: [
      { id: 0, name: "MAXN", gpuMHz: 1377, bandwidthGBs: 136.5 },
      { id: 3, name: "MODE_30W_ALL", gpuMHz: 900, bandwidthGBs: 102.4, estimated: true },
      { id: 4, name: "MODE_30W_6CORE", gpuMHz: 900, bandwidthGBs: 102.4, estimated: true },
      { id: 5, name: "MODE_30W_4CORE", gpuMHz: 900, bandwidthGBs: 102.4, estimated: true },
      { id: 6, name: "MODE_30W_2CORE", gpuMHz: 900, bandwidthGBs: 102.4, estimated: true },
      { id: 2, name: "MODE_15W", gpuMHz: 670, bandwidthGBs: 85.3, estimated: true },
      { id: 7, name: "MODE_15W_DESKTOP", gpuMHz: 670, bandwidthGBs: 85.3, estimated: true },
      { id: 1, name: "MODE_10W", gpuMHz: 520, bandwidthGBs: 68.2, estimated: true },
    ],
    rails: { parts: ["GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"] },
  },
  {
    ...ORIN,
    name: "orin-nano",
    title: "Jetson Orin Nano 8 GB",
    model: /Orin Nano(?!.*Super)/,
    memoryGiB: 8,
    cudaCores: 1024,
    dlaCores: 0,
    powerModes: [
      { id: 0, name: "15W", gpuMHz: 625, bandwidthGBs: 68 },
      { id: 1, name: "7W", gpuMHz: 408, bandwidthGBs: 68, estimated: true },
    ],
    rails: ORIN_RAILS,
  },
  {
    ...ORIN,
    name: "orin-nano-super",
    title: "Jetson Orin Nano Super 8 GB",
    model: /Orin Nano.*Super/,
    memoryGiB: 8,
    cudaCores: 1024,
    dlaCores: 0,
    powerModes: [
      { id: 2, name: "MAXN_SUPER", gpuMHz: 1020, bandwidthGBs: 102 },
      { id: 1, name: "25W", gpuMHz: 918, bandwidthGBs: 102 },
      { id: 0, name: "15W", gpuMHz: 612, bandwidthGBs: 68, estimated: true },
      { id: 3, name: "7W", gpuMHz: 408, bandwidthGBs: 68, estimated: true },
    ],
    rails: ORIN_RAILS,
    jetPacks: ["6.2", "7.2"],
  },
  {
    ...ORIN,
    name: "orin-nano-4gb",
    title: "Jetson Orin Nano 4 GB",
    model: /Orin Nano/,
    memoryGiB: 4,
    cudaCores: 512,
    dlaCores: 0,
    powerModes: [{ id: 0, name: "10W", gpuMHz: 625, bandwidthGBs: 34 }, { id: 1, name: "7W_AI" }, {
      id: 2,
      name: "7W_CPU",
    }],
    rails: ORIN_RAILS,
  },
  {
    ...ORIN,
    name: "orin-nx",
    title: "Jetson Orin NX 16 GB",
    model: /Orin NX/,
    memoryGiB: 16,
    cudaCores: 1024,
    dlaCores: 2,
    powerModes: [
      { id: 0, name: "MAXN", gpuMHz: 918, bandwidthGBs: 102.4 },
      { id: 3, name: "25W" },
      { id: 2, name: "15W", gpuMHz: 612, estimated: true },
      { id: 1, name: "10W", gpuMHz: 612, estimated: true },
    ],
    rails: ORIN_RAILS,
  },
  {
    ...ORIN,
    name: "orin-nx-8gb",
    title: "Jetson Orin NX 8 GB",
    model: /Orin NX/,
    memoryGiB: 8,
    cudaCores: 1024,
    dlaCores: 1,
    powerModes: [
      { id: 0, name: "MAXN", gpuMHz: 765, bandwidthGBs: 102.4 },
      { id: 3, name: "20W" },
      { id: 2, name: "15W" },
      { id: 1, name: "10W" },
    ],
    rails: ORIN_RAILS,
  },
  {
    ...ORIN,
    name: "agx-orin",
    title: "Jetson AGX Orin 64 GB",
    model: /AGX Orin/,
    memoryGiB: 64,
    cudaCores: 2048,
    dlaCores: 2,
    powerModes: [
      { id: 0, name: "MAXN", gpuMHz: 1300.5, bandwidthGBs: 204.8 },
      { id: 3, name: "MODE_50W", gpuMHz: 828, bandwidthGBs: 204.8, estimated: true },
      { id: 2, name: "MODE_30W", gpuMHz: 624, bandwidthGBs: 204.8, estimated: true },
      { id: 1, name: "MODE_15W", gpuMHz: 420, estimated: true },
    ],
    rails: AGX_ORIN_RAILS,
    jetPacks: AGX_ORIN_JETPACKS,
  },
  {
    ...ORIN,
    name: "agx-orin-32gb",
    title: "Jetson AGX Orin 32 GB",
    model: /AGX Orin/,
    memoryGiB: 32,
    cudaCores: 1792,
    dlaCores: 2,
    powerModes: [
      { id: 0, name: "MAXN", gpuMHz: 930, bandwidthGBs: 204.8 },
      { id: 3, name: "MODE_40W" },
      { id: 2, name: "MODE_30W" },
      { id: 1, name: "MODE_15W" },
    ],
    rails: AGX_ORIN_RAILS,
    jetPacks: AGX_ORIN_JETPACKS,
  },
  {
    name: "thor",
    title: "Jetson AGX Thor 128 GB",
    model: /Thor/,
    memoryGiB: 128,
    computeCapability: "11.0",
    cudaCores: 2560,
    hasInt8: true,
    dlaCores: 0,
    powerModes: [
      { id: 0, name: "MAXN", gpuMHz: 1575, bandwidthGBs: 273 },
      { id: 1, name: "120W" },
      { id: 2, name: "90W" },
      { id: 3, name: "70W" },
    ],
    gpuClockFolders: clockFolders("gpu-gpc-0"),
    rails: { total: "VIN", parts: ["VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"] },
    jetPacks: ["7.0", "7.2"],
  },
];

/** A board in the state that decides between those of one name. */
export interface RecognizedBy {
  /** Text of the device tree. */
  readonly model: string;
  /** What the system calls its total memory: less than the modules hold. */
  readonly totalBytes?: number | undefined;
}

/** The board of that model: of several, the one with the least memory that holds what the system counts; `undefined` where none fits. */
export function findBoard({ model, totalBytes }: RecognizedBy): Board | undefined {
  const named = BOARDS.filter((board) => board.model.test(model));
  if (totalBytes === undefined) return named[0];
  const large = named.filter(({ memoryGiB }) => memoryGiB * 2 ** 30 >= totalBytes);
  return large.sort((a, b) => a.memoryGiB - b.memoryGiB)[0] ?? named[0];
}

/** What to type on a board before anything is timed. */
export function fullSpeedCommand({ powerModes: [fastest] }: Board): string {
  return `sudo nvpmodel -m ${fastest.id} && sudo jetson_clocks`;
}
