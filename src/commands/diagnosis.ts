/** What `seg doctor` finds out about the machine. */
import { createRequire } from "node:module";
import { arch, availableParallelism, cpus, freemem, platform, release, totalmem } from "node:os";
import process from "node:process";
import { messageOf } from "../failure.ts";
import { supportedProviders } from "../runtime/session.ts";
import { type JetsonDevice, measuringCautions, readJetson } from "../tensorrt/device.ts";
import { findTrtexec } from "../tensorrt/find_trtexec.ts";
import { probeTrtexec } from "../tensorrt/trtexec.ts";
import { formatVersion } from "../tensorrt/version.ts";
import { formatBytes } from "./number_text.ts";
import { programVersion } from "./version.ts";

/** The document of `seg doctor --json`. */
export interface Diagnosis {
  readonly seg: string;
  readonly runtime: { readonly name: "node" | "deno"; readonly version: string };
  readonly onnxRuntime: string;
  readonly system: {
    readonly platform: string;
    readonly architecture: string;
    readonly release: string;
    /** Of the C library; absent where it is not glibc. */
    readonly glibc?: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: { readonly total: number; readonly free: number };
  };
  readonly providers: readonly { readonly name: string; readonly atHand: boolean; readonly remedy?: string }[];
  readonly trtexec: { readonly path: string; readonly version: string } | { readonly missing: string };
  /** Absent on other machines. */
  readonly jetson?: JetsonDevice;
  /** What stands in the way of work or of honest figures, one sentence each. */
  readonly remarks: readonly string[];
}

/** Looks at the machine; nothing is changed and nothing is fetched. */
export async function diagnose(): Promise<Diagnosis> {
  const jetson = readJetson();
  const deno = (globalThis as { readonly Deno?: { readonly version: { readonly deno: string } } }).Deno;
  const trtexec = await lookForTrtexec();
  return {
    seg: programVersion(),
    runtime: deno === undefined
      ? { name: "node", version: process.versions.node }
      : { name: "deno", version: deno.version.deno },
    onnxRuntime: packageVersion("onnxruntime-node"),
    system: {
      platform: platform(),
      architecture: arch(),
      release: release(),
      ...glibcVersion(),
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      memoryBytes: { total: totalmem(), free: freemem() },
    },
    providers: supportedProviders().map(({ name, bundled }) => ({
      name,
      atHand: bundled,
      ...(!bundled && { remedy: PROVIDER_REMEDIES[name] ?? "put its library beside the one of onnxruntime-node" }),
    })),
    trtexec,
    ...(jetson && { jetson }),
    remarks: [
      ...(jetson ? measuringCautions(jetson) : []),
      ...(freemem() < 2 ** 30 ? [`Only ${formatBytes(freemem())} of memory are free; training wants 2 GiB`] : []),
    ],
  };
}

/** The libraries are not part of the npm package; its own install step downloads them. */
const PROVIDER_REMEDIES: Readonly<Record<string, string>> = {
  cuda:
    "with network and an NVIDIA GPU: npm rebuild onnxruntime-node --ignore-scripts=false, with CUDA and cuDNN installed",
  tensorrt:
    "with network and an NVIDIA GPU: npm rebuild onnxruntime-node --ignore-scripts=false, with TensorRT installed; " +
    "on a Jetson use seg export --trt",
};

async function lookForTrtexec(): Promise<Diagnosis["trtexec"]> {
  try {
    const path = findTrtexec();
    const { capabilities } = await probeTrtexec(path);
    return { path, version: formatVersion(capabilities.version) };
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

function packageVersion(name: string): string {
  try {
    return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
  } catch {
    return "unknown";
  }
}

function glibcVersion(): { glibc?: string } {
  // Node's report alone knows the C library; Deno has none.
  const report = process.report?.getReport?.() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const version = report?.header?.glibcVersionRuntime;
  return version === undefined ? {} : { glibc: version };
}

/** The diagnosis as a table. */
export function diagnosisText(diagnosis: Diagnosis): string {
  const { system, runtime, trtexec, jetson } = diagnosis;
  const { total, free } = system.memoryBytes;
  const rows: [string, string][] = [
    ["seg", diagnosis.seg],
    [runtime.name, runtime.version],
    ["ONNX Runtime", diagnosis.onnxRuntime],
    [
      "system",
      `${system.platform} ${system.release} ${system.architecture}${system.glibc ? `, glibc ${system.glibc}` : ""}`,
    ],
    ["processor", `${system.processor}, ${system.cores} cores`],
    ["memory", `${formatBytes(free)} free of ${formatBytes(total)}`],
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
  const width = Math.max(...rows.map(([name]) => name.length));
  return [...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`), ...diagnosis.remarks].join("\n");
}
