import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { parseNumber, parseTimes, readTimes } from "../../src/tensorrt/times.ts";
import { sharedPath } from "../shared.ts";

function row(startComputeMs: string, latencyMs: string, more = ""): string {
  return `{ "startEnqMs" : 1, "endEnqMs" : 1.5, "startComputeMs" : ${startComputeMs}, "h2dMs" : 0.25, "computeMs" : 3, "d2hMs" : 1e-05, "latencyMs" : ${latencyMs}${more} }`;
}

function file(...rows: string[]): string {
  return `[\n  ${rows.join("\n, ")}\n]\n`;
}

test("parseTimes() drops the warm-up of the versions that write it", () => {
  const text = file(
    row("4.1", "9"),
    row("199.99", "8"),
    row("200", "3.25"),
    row("100234", "3.5", ', "endToEndMs" : 4'),
  );
  const old = parseTimes(text, "t.json", { version: 80201, warmUpMs: 200 });
  assert.deepEqual([...old.latencyMs], [3.25, 3.5]);
  assert.deepEqual([...old.enqueueMs], [0.5, 0.5]);
  assert.deepEqual([...old.deviceToHostMs], [1e-5, 1e-5]);
  assert.equal(old.droppedRows, 2);
  assert.equal(parseTimes(text, "t.json", { version: 80401, warmUpMs: 200 }).droppedRows, 2);
  const newer = parseTimes(text, "t.json", { version: 80501, warmUpMs: 200 });
  assert.equal(newer.latencyMs.length, 4);
  assert.equal(newer.droppedRows, 0);
});

test("parseTimes() refuses files without a usable time", () => {
  const options = { version: 80201, warmUpMs: 200 };
  const cases: readonly (readonly [string, RegExp])[] = [
    ["[\n]\n", /no timed query.*longer --duration/],
    [file(row("4", "9")), /no timed query/],
    [file(row("300", "nan")), /latency NaN ms/],
    [file(row("300", "inf")), /latency Infinity ms/],
    [file('{ "name" : "layer" }'), /row 0 has no times/],
    ["garbage", /no timed query/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseTimes(text, "t.json", options),
      (error) =>
        error instanceof Failure && error.message.startsWith("Cannot read t.json: ") && message.test(error.message),
    );
  }
});

test("parseTimes() refuses a file with other queries than its log", () => {
  const text = file(row("4", "9"), row("200", "3"), row("204", "3"), row("208", "3"));
  const old = (log: { queries?: number; warmUpQueries?: number }) =>
    parseTimes(text, "t.json", { version: 80201, warmUpMs: 200, log });
  assert.equal(old({ warmUpQueries: 1, queries: 3 }).latencyMs.length, 3);
  assert.throws(
    () => old({ warmUpQueries: 1, queries: 40 }),
    /t\.json: it has 4 of the 41 queries .* run the bench again/,
  );
  assert.throws(() => old({}), /the log of its run does not count the queries/);
  const cut = text.slice(0, text.lastIndexOf("computeMs"));
  const log = { warmUpQueries: 12, queries: 4 };
  assert.equal(parseTimes(text, "t.json", { version: 80501, warmUpMs: 200, log }).latencyMs.length, 4);
  assert.throws(() => parseTimes(cut, "t.json", { version: 80501, warmUpMs: 200, log }), /it has 3 of the 4 queries/);
});

test("readTimes() says that the file is absent", () => {
  assert.throws(() => readTimes("absent/t.json", { version: 80201, warmUpMs: 0 }), /Cannot read absent\/t\.json/);
});

test("parseNumber() reads what C++ streams print", () => {
  assert.deepEqual(["1e-05", "1.5e+06", "-0.25", "inf", "-inf", "nan", "-nan"].map(parseNumber), [
    1e-5,
    1.5e6,
    -0.25,
    Infinity,
    -Infinity,
    NaN,
    NaN,
  ]);
});

const folder = sharedPath("facts", "trtexec-logs");
const skip = folder ? false : "shared data absent";

test("parseTimes() reads a recorded file of 8.4", { skip }, () => {
  const text = readFileSync(`${folder}/30-8.4-real-exportTimes.json.txt`, "utf8");
  const times = parseTimes(text, "30", { version: 80401, warmUpMs: 4.5 });
  assert.deepEqual([...times.latencyMs], [0.4704, 0.474944, 0.474944]);
  assert.deepEqual([...times.hostToDeviceMs], [0, 0, 0]);
});

test("parseTimes() reads the form of 8.2", { skip }, () => {
  const text = readFileSync(`${folder}/33-8.2-synthetic-exportTimes.json.txt`, "utf8");
  const times = parseTimes(text, "33", { version: 80201, warmUpMs: 200 });
  assert.deepEqual([...times.latencyMs], [14]);
  assert.deepEqual([...times.computeMs], [13.615]);
});
