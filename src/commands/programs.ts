/** Names and versions of the programs that results come from. */
import process from "node:process";
import { packageVersion, programVersion } from "./version.ts";

/** This program, what runs it, and what runs its networks, such as `seg 0.1.0`. */
export function programs(): string[] {
  const deno = (globalThis as { readonly Deno?: { readonly version: { readonly deno: string } } }).Deno;
  return [
    `seg ${programVersion()}`,
    deno === undefined ? `Node ${process.versions.node}` : `Deno ${deno.version.deno}`,
    `ONNX Runtime ${packageVersion("onnxruntime-node")}`,
    `${process.platform} ${process.arch}`,
  ];
}
