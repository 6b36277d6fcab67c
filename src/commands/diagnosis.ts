/** What `seg doctor` finds out about the machine. */
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { messageOf } from "../failure.ts";
import { type ProviderState, providerStates, sumFault } from "../runtime/providers.ts";
import { type JetsonDevice, measuringCautions, readJetson } from "../tensorrt/device.ts";
import { findTrtexec } from "../tensorrt/find_trtexec.ts";
import { probeTrtexec } from "../tensorrt/trtexec.ts";
import { formatVersion } from "../tensorrt/version.ts";
import { alignPairs, formatBytes } from "../text.ts";
import {
  containerLimits,
  type Disk,
  disks,
  distribution,
  environment,
  nvidiaDriver,
  withoutHome,
} from "./surroundings.ts";
import { packageVersion, packageVersions, programVersion, runtimeVersion } from "./version.ts";

/** The document of `seg doctor --json`. */
export interface Diagnosis {
  readonly seg: string;
  readonly runtime: { readonly name: "node" | "deno"; readonly version: string };
  readonly onnxRuntime: string;
  /** How the program was started: options of the JavaScript engine, and the program file with `~` for the user's folder. */
  readonly started: { readonly engineOptions: readonly string[]; readonly program: string };
  /** Versions of the packages that it is made of. */
  readonly packages: Readonly<Record<string, string>>;
  readonly system: {
    /** Name of the distribution; absent where there is none. */
    readonly name?: string;
    readonly platform: string;
    readonly architecture: string;
    readonly release: string;
    /** Of the C library; absent where it is not glibc. */
    readonly glibc?: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: { readonly total: number; readonly free: number };
    /** What a container allows; absent where nothing is limited. */
    readonly limits?: { readonly memoryBytes?: number; readonly processors?: number };
    readonly disks: readonly Disk[];
    /** Version of the driver; absent where it is not loaded. */
    readonly nvidiaDriver?: string;
  };
  readonly terminal: { readonly output: boolean; readonly messages: boolean; readonly columns: number | null };
  /** Variables that change how the program runs, where they are set. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether ONNX Runtime computes here: the right sum, or what went wrong. */
  readonly inference: "works" | { readonly fault: string };
  readonly providers: readonly ProviderState[];
  readonly trtexec: { readonly path: string; readonly version: string } | { readonly missing: string };
  /** Absent on other machines. */
  readonly jetson?: JetsonDevice;
  /** What stands in the way of work or of honest figures, one sentence each. */
  readonly remarks: readonly string[];
}

/** Looks at the machine; nothing is changed and nothing is fetched. */
export async function diagnose(): Promise<Diagnosis> {
  const jetson = readJetson();
  const [trtexec, inference] = [await lookForTrtexec(), await tryInference()];
  const providers = await providerStates();
  const [name, limits, driver] = [distribution(), containerLimits(), nvidiaDriver()];
  const space = disks();
  return {
    seg: programVersion(),
    runtime: runtimeVersion(),
    onnxRuntime: packageVersion("onnxruntime-node"),
    started: { engineOptions: process.execArgv, program: withoutHome(fileURLToPath(import.meta.url)) },
    packages: packageVersions(),
    system: {
      ...(name !== undefined && { name }),
      platform: platform(),
      architecture: arch(),
      release: release(),
      ...glibcVersion(),
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      memoryBytes: { total: totalmem(), free: freemem() },
      ...(limits && { limits }),
      disks: space,
      ...(driver !== undefined && { nvidiaDriver: driver }),
    },
    terminal: {
      output: process.stdout.isTTY === true,
      messages: process.stderr.isTTY === true,
      columns: process.stderr.columns ?? null,
    },
    environment: environment(),
    inference,
    providers,
    trtexec,
    ...(jetson && { jetson }),
    remarks: [
      ...(jetson ? measuringCautions(jetson) : []),
      ...(freemem() < 2 ** 30 ? [`Only ${formatBytes(freemem())} of memory are free; training wants 2 GiB`] : []),
      ...space.filter(({ freeBytes }) => freeBytes < 2 ** 28).map(({ of, freeBytes }) =>
        `Only ${formatBytes(freeBytes)} of the ${of} are free; make room before a training`
      ),
      ...(inference === "works"
        ? []
        : [`ONNX Runtime does not run here: ${inference.fault}; install the packages anew with npm ci`]),
    ],
  };
}

async function lookForTrtexec(): Promise<Diagnosis["trtexec"]> {
  try {
    const path = findTrtexec();
    const { capabilities } = await probeTrtexec(path);
    return { path, version: formatVersion(capabilities.version) };
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

/** Runs a model of one addition. */
async function tryInference(): Promise<Diagnosis["inference"]> {
  try {
    const fault = await sumFault(undefined);
    return fault === undefined ? "works" : { fault };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

function glibcVersion(): { glibc?: string } {
  // Node's report alone knows the C library; Deno has none.
  const report = process.report?.getReport?.() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const version = report?.header?.glibcVersionRuntime;
  return version === undefined ? {} : { glibc: version };
}

/** The diagnosis as a table. */
export function diagnosisText(diagnosis: Diagnosis, columns?: number): string {
  const { system, runtime, trtexec, jetson } = diagnosis;
  const { total, free } = system.memoryBytes;
  const rows: [string, string][] = [
    ["seg", diagnosis.seg],
    [runtime.name, runtime.version],
    ["ONNX Runtime", diagnosis.onnxRuntime],
    [
      "system",
      [
        `${system.platform} ${system.release} ${system.architecture}`,
        ...(system.name === undefined ? [] : [system.name]),
        ...(system.glibc === undefined ? [] : [`glibc ${system.glibc}`]),
      ].join(", "),
    ],
    ["processor", `${system.processor}, ${system.cores} cores`],
    ["memory", `${formatBytes(free)} free of ${formatBytes(total)}${limitText(system.limits)}`],
    ...system.disks.map(({ of, freeBytes, totalBytes }): [string, string] => [
      of,
      `${formatBytes(freeBytes)} free of ${formatBytes(totalBytes)}`,
    ]),
    ...(system.nvidiaDriver === undefined ? [] : [["NVIDIA driver", system.nvidiaDriver] as [string, string]]),
    ...diagnosis.providers.map(({ name, atHand, remedy }): [string, string] => [
      `provider ${name}`,
      atHand ? "at hand" : `absent: ${remedy}`,
    ]),
    ["trtexec", "missing" in trtexec ? trtexec.missing : `TensorRT ${trtexec.version}, ${trtexec.path}`],
  ];
  if (jetson) {
    const { model, l4t, jetPack, powerMode, gpuClockHz } = jetson;
    rows.push(["Jetson", model]);
    if (l4t) rows.push(["L4T", `R${l4t.release} ${l4t.revision}${jetPack ? `, JetPack ${jetPack}` : ""}`]);
    if (powerMode) rows.push(["power mode", `${powerMode.name} (${powerMode.id})`]);
    if (gpuClockHz) rows.push(["GPU clock", `${gpuClockHz.current / 1e6} MHz of at most ${gpuClockHz.maximum / 1e6}`]);
  }
  rows.push(["inference", diagnosis.inference === "works" ? "works" : diagnosis.inference.fault]);
  return [alignPairs(rows, { columns }), ...diagnosis.remarks].join("\n");
}

function limitText(limits: Diagnosis["system"]["limits"]): string {
  const { memoryBytes, processors } = limits ?? {};
  const parts = [
    ...(memoryBytes === undefined ? [] : [formatBytes(memoryBytes)]),
    ...(processors === undefined ? [] : [`${processors} cores`]),
  ];
  return parts.length === 0 ? "" : `; the container allows ${parts.join(" and ")}`;
}
