/** Files of seg itself in every format that it reads again, and ways to spoil them. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { readBenchReport } from "../src/bench/bench_report.ts";
import { readConfiguration } from "../src/command_line/configuration.ts";
import { configurable } from "../src/commands/train_arguments.ts";
import { openDataset } from "../src/data/dataset.ts";
import { readSplits } from "../src/data/splits.ts";
import { readEvaluationFile } from "../src/evaluation/evaluation_file.ts";
import { Failure, messageOf, UsageFailure } from "../src/failure.ts";
import { readDescribedModel } from "../src/model/model.ts";
import { readRecord } from "../src/prediction/part_record.ts";
import type { Random } from "../src/random.ts";
import { machineFailure } from "../src/system_faults.ts";
import { readPassport } from "../src/tensorrt/passport.ts";
import { readCheckpoint } from "../src/training/runs/checkpoint.ts";
import { readScores } from "../src/training/runs/fold_run.ts";
import { readHistory } from "../src/training/runs/history.ts";
import { readConfig, runFolder } from "../src/training/runs/run_folder.ts";
import { spoil } from "./imaging/fuzz_cases.ts";

/** A file in the folder of `test/version_0_1_0/files`, and how it is read there. */
export interface Format {
  readonly file: string;
  readonly read: (path: string) => unknown;
}

const RUN = "whole";

/** One of every format. */
export const FORMATS: readonly Format[] = [
  { file: `${RUN}/config.json`, read: (path) => readConfig(runFolder(dirname(path))) },
  { file: "config.yaml", read: (path) => readConfiguration(path, configurable, "0.1.0") },
  { file: `${RUN}/splits.json`, read: readSplits },
  { file: `${RUN}/history.jsonl`, read: readHistory },
  { file: "stopped/last.checkpoint", read: readCheckpoint },
  { file: `${RUN}/best.onnx`, read: readDescribedModel },
  { file: "cv/fold_0/scores.json", read: (path) => readScores(dirname(path)) },
  { file: "evaluation/metrics.json", read: readEvaluationFile },
  { file: "parts/part-1-of-2.json", read: readRecord },
  { file: "bench.json", read: readBenchReport },
  { file: "engine/best.engine.json", read: (path) => readPassport(path.slice(0, -".json".length)) },
  { file: "data/dataset.json", read: (path) => openDataset(dirname(path)) },
];

/** Copies the files of all formats into `folder`. */
export function putFormats(folder: string): void {
  cpSync("test/version_0_1_0/files", folder, { recursive: true });
}

const HOSTILE: readonly ((random: Random) => string)[] = [
  () => "null",
  () => "-1",
  () => "1e999",
  () => "9007199254740993",
  () => '"__proto__"',
  () => '{"constructor": {"prototype": []}}',
  (random) => "[".repeat(random.integer(5000)) + "1",
  (random) => "[".repeat(20) + "]".repeat(20 + random.integer(2)),
  (random) => JSON.stringify("\u001b[31m\r\u202e".repeat(random.integer(3000))),
  (random) => `[${"{},".repeat(random.integer(20_000))}{}]`,
];

/** The bytes of a format with one kind of damage: of any file, or a value of JSON in place of another one. */
export function spoilFormat(file: string, bytes: Uint8Array, random: Random): Uint8Array {
  if (file.endsWith(".checkpoint") && random.integer(4) > 0) return signed(bytes, random);
  if (random.integer(2) === 0) return spoil(bytes, random);
  return /\.(json|jsonl|yaml)$/.test(file) ? withHostileValue(bytes, random) : spoil(bytes, random);
}

function withHostileValue(bytes: Uint8Array, random: Random): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const values = [...text.matchAll(/"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|\[|\{/g)];
  const chosen = values[random.integer(Math.max(1, values.length))];
  const [index, found] = [chosen?.index ?? 0, chosen?.[0] ?? ""];
  const value = (HOSTILE[random.integer(HOSTILE.length)] as typeof HOSTILE[number])(random);
  return new TextEncoder().encode(text.slice(0, index) + value + text.slice(index + found.length));
}

/** A checkpoint whose head is spoilt, and whose length and checksum are right again. */
function signed(bytes: Uint8Array, random: Random): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const head = withHostileValue(bytes.subarray(12, 12 + length), random);
  const rest = bytes.subarray(12 + length, bytes.length - 32);
  const whole = new Uint8Array(12 + head.length + rest.length + 32);
  whole.set(bytes.subarray(0, 8));
  new DataView(whole.buffer).setUint32(8, head.length, true);
  whole.set(head, 12);
  whole.set(rest, 12 + head.length);
  whole.set(createHash("sha256").update(whole.subarray(0, whole.length - 32)).digest(), whole.length - 32);
  return whole;
}

const LONGEST_MESSAGE = 1000;
const LONGEST_CPU_MS = 2000;

/** Reads `bytes` as a format in `folder`: whether it is refused, and what is wrong with how. */
export function tryFormat(
  folder: string,
  { file, read }: Format,
  bytes: Uint8Array,
): { refused: boolean; fault?: string } {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  const start = process.cpuUsage();
  let fault: string | undefined;
  let refused = false;
  try {
    read(path);
  } catch (error) {
    refused = true;
    const message = messageOf(error);
    const told = error instanceof Failure || error instanceof UsageFailure || machineFailure(error) !== undefined;
    if (!told) fault = `a fault of seg: ${message.slice(0, 200)}`;
    else if (message.length > LONGEST_MESSAGE) {
      fault = `a message of ${message.length} characters: ${message.slice(0, 200)}`;
    }
  }
  const { user, system } = process.cpuUsage(start);
  if ((user + system) / 1000 > LONGEST_CPU_MS) fault ??= `${(user + system) / 1000} ms of processor time`;
  return fault === undefined ? { refused } : { refused, fault };
}

/** The bytes of a format as version 0.1.0 wrote them, with the data set where it lies. */
export function wholeFormat({ file }: Format): Uint8Array {
  const bytes = new Uint8Array(readFileSync(join("test/version_0_1_0/files", file)));
  if (!file.endsWith(".yaml")) return bytes;
  const text = new TextDecoder().decode(bytes).replace("dataset: data", "dataset: test/version_0_1_0/files/data");
  return new TextEncoder().encode(text);
}
