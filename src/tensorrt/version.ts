/** TensorRT's version numbers, in the two ways in which trtexec prints them. */
import type { TensorRtVersion } from "../graph/op.ts";

/**
 * The version behind the number in `[TensorRT v8201]`.
 *
 * Up to 9.x it is major · 1000 + minor · 100 + patch, from 10.0 on major · 10000 + minor · 100 + patch
 * (NV_TENSORRT_VERSION in NvInferRuntimeCommon.h of 8.2.1 and NvInferRuntimeBase.h of 10.16).
 */
export function decodeVersionNumber(printed: number): TensorRtVersion {
  if (printed >= 10000) return printed;
  return Math.floor(printed / 1000) * 10000 + (printed % 1000);
}

/** The number that trtexec of `version` prints behind `TensorRT v`; the inverse of {@link decodeVersionNumber}. */
export function encodeVersionNumber(version: TensorRtVersion): number {
  const major = Math.floor(version / 10000);
  return major >= 10 ? version : major * 1000 + (version % 10000);
}

/** The version in `8.2.1`, `8.2.1.8`, `10.3` or (TensorRT 8.0 prints it so) `8001`; `undefined` where there is none. */
export function parseVersion(text: string): TensorRtVersion | undefined {
  const dotted = /^(\d{1,2})\.(\d{1,2})(?:\.(\d{1,2}))?(?:[.+-].*)?$/.exec(text.trim());
  if (dotted) return Number(dotted[1]) * 10000 + Number(dotted[2]) * 100 + Number(dotted[3] ?? 0);
  return /^\d{4,6}$/.test(text.trim()) ? decodeVersionNumber(Number(text)) : undefined;
}

/** `80201` as `8.2.1`. */
export function formatVersion(version: TensorRtVersion): string {
  return `${Math.floor(version / 10000)}.${Math.floor(version / 100) % 100}.${version % 100}`;
}
