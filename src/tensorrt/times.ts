/** Reads the file of `--exportTimes`. */
import { Failure } from "../failure.ts";
import { readWholeFile } from "../files.ts";
import type { TensorRtVersion } from "../graph/op.ts";
import type { TrtexecLog } from "./log_facts.ts";
import { formatVersion } from "./version.ts";

/** Durations in ms, one entry per timed query in the order of the run. */
export interface QueryTimes {
  /** Copy to the device, computation, copy back. */
  readonly latencyMs: Float64Array;
  readonly computeMs: Float64Array;
  readonly hostToDeviceMs: Float64Array;
  readonly deviceToHostMs: Float64Array;
  /** Time in which the host hands the work over; a network is launch-bound where it is near `computeMs`. */
  readonly enqueueMs: Float64Array;
  /** Warm-up rows that were left out. */
  readonly droppedRows: number;
}

const SIZE_LIMIT = 2 ** 28;

/** trtexec keeps the warm-up queries in the file up to 8.4 and leaves them out from 8.5 on (sampleReporting.cpp, exportJSONTrace). */
const DROPS_WARM_UP_SINCE: TensorRtVersion = 80500;

/** Of which run the times are. */
export interface TimesOptions {
  /** The version that wrote the file. */
  readonly version: TensorRtVersion;
  /** The `--warmUp` of the run. */
  readonly warmUpMs: number;
  /** What the log of the same run counts: a file with another number of rows is cut off. */
  readonly log?: Pick<TrtexecLog, "queries" | "warmUpQueries">;
}

/**
 * Reads the times of the queries behind the warm-up.
 *
 * Only the `*Ms` durations are used: the absolute columns have six digits and lose their resolution after 100 s.
 *
 * @throws {Failure} where the file is no such file, no timed query is in it, or the log of the run counts others.
 */
export function readTimes(
  path: string,
  options: TimesOptions,
): QueryTimes {
  return parseTimes(readTextFile(path, SIZE_LIMIT), path, options);
}

/** {@link readTimes} on text; `path` is for messages. */
export function parseTimes(
  text: string,
  path: string,
  options: TimesOptions,
): QueryTimes {
  const rows: Record<string, number>[] = [];
  let droppedRows = 0;
  for (const object of text.matchAll(/\{([^{}]*)\}/g)) {
    const row: Record<string, number> = {};
    for (const [, key = "", value = ""] of (object[1] ?? "").matchAll(/"(\w+)"\s*:\s*([^\s,}]+)/g)) {
      row[key] = parseNumber(value);
    }
    const start = row["startComputeMs"];
    if (start === undefined || row["latencyMs"] === undefined) {
      throw new Failure(`Cannot read ${path}: row ${rows.length + droppedRows} has no times; run the bench again`);
    }
    // trtexec's own rule for its summary: a query is timed where its computation starts after the warm-up.
    if (options.version < DROPS_WARM_UP_SINCE && start < options.warmUpMs) droppedRows++;
    else rows.push(row);
  }
  if (options.log) refuseCutOff(path, rows.length + droppedRows, options.version, options.log);
  if (rows.length === 0) {
    throw new Failure(
      `Cannot read ${path}: it holds no timed query of TensorRT ${
        formatVersion(options.version)
      }; run the bench again, with a longer --duration`,
    );
  }
  const column = (name: string) => Float64Array.from(rows, (row) => row[name] ?? NaN);
  const result = {
    latencyMs: column("latencyMs"),
    computeMs: column("computeMs"),
    hostToDeviceMs: column("h2dMs"),
    deviceToHostMs: column("d2hMs"),
    enqueueMs: Float64Array.from(rows, (row) => (row["endEnqMs"] ?? NaN) - (row["startEnqMs"] ?? NaN)),
    droppedRows,
  };
  const bad = result.latencyMs.findIndex((time) => !Number.isFinite(time) || time < 0);
  if (bad >= 0) {
    throw new Failure(
      `Cannot read ${path}: query ${bad + droppedRows} has the latency ${
        result.latencyMs[bad]
      } ms; run the bench again`,
    );
  }
  return result;
}

function refuseCutOff(
  path: string,
  found: number,
  version: TensorRtVersion,
  { queries, warmUpQueries = 0 }: NonNullable<TimesOptions["log"]>,
): void {
  if (queries === undefined) {
    throw new Failure(
      `Cannot read ${path}: the log of its run does not count the queries, so that it is cut off; run the bench again`,
    );
  }
  const expected = version < DROPS_WARM_UP_SINCE ? queries + warmUpQueries : queries;
  if (found === expected) return;
  throw new Failure(
    `Cannot read ${path}: it has ${found} of the ${expected} queries that the log of its run counts; ` +
      `copy the files of one run again, or run the bench again`,
  );
}

/** A number as C++ streams print it: `%g`, and `inf`, `nan` and `-nan`, which JSON does not know. */
export function parseNumber(text: string): number {
  const special = /^(-?)(inf|nan)/i.exec(text);
  if (special) return special[2]?.toLowerCase() === "nan" ? NaN : special[1] ? -Infinity : Infinity;
  return text === "" ? NaN : Number(text);
}

/** The text of a file of trtexec or of a device. @throws {Failure} where it is absent, no regular file or larger than `limit` bytes. */
export function readTextFile(path: string, limit: number): string {
  // Names of devices and layers need not be UTF-8.
  return new TextDecoder().decode(readWholeFile(path, limit, "run trtexec again and look at its log"));
}
