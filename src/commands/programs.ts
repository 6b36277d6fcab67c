/** Names and versions of the programs that results come from. */
import process from "node:process";
import { packageVersion, programVersion, runtimeVersion } from "./version.ts";

/** This program, what runs it, and what runs its networks, such as `seg 0.1.0`. */
export function programs(): string[] {
  const { name, version } = runtimeVersion();
  return [
    `seg ${programVersion()}`,
    `${{ node: "Node", deno: "Deno" }[name]} ${version}`,
    `ONNX Runtime ${packageVersion("onnxruntime-node")}`,
    `${process.platform} ${process.arch}`,
  ];
}
