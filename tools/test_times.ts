/**
 * Tells what the tests cost: each file is run alone, one after the other, and its processor time is taken, which other programs
 * hardly change; the programs that a test starts count with it.
 *
 * Run: `npm run test:times -- [words]`; `words` choose the files whose path holds one. Processor time is read from Linux' /proc; elsewhere it
 * is the time of the clock.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { alignColumns, formatNumber } from "../src/text.ts";

interface FileTime {
  readonly file: string;
  readonly seconds: number;
  readonly passed: boolean;
  readonly tests: readonly { readonly name: string; readonly seconds: number }[];
}

const SLOWEST = 25;
const TICKS_PER_SECOND = 100;

/** Seconds of processor time of all processes that this one has waited for; undefined where the system does not tell. */
function processorSeconds(): number | undefined {
  if (!existsSync("/proc/self/stat")) return undefined;
  // Behind the name, which may hold spaces: state is field 3, cutime and cstime are 16 and 17.
  const fields = readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /, "").split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

function timeFile(file: string): FileTime {
  const [processorBefore, clockBefore] = [processorSeconds(), performance.now()];
  const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", file], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const processorAfter = processorSeconds();
  const tests = [...stdout.matchAll(/^(?:not )?ok \d+ - (.*)\n\s+---\n\s+duration_ms: ([\d.]+)/gm)];
  return {
    file,
    seconds: processorAfter === undefined || processorBefore === undefined
      ? (performance.now() - clockBefore) / 1000
      : processorAfter - processorBefore,
    passed: status === 0,
    tests: tests.map(([, name = "", milliseconds]) => ({ name, seconds: Number(milliseconds) / 1000 })),
  };
}

const words = process.argv.slice(2);
const files = readdirSync("dist/test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith("_test.js") && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort();
const times = files.map((file) => {
  process.stderr.write(`\r${file}\x1b[K`);
  return timeFile(join("dist/test", file));
});
process.stderr.write("\r\x1b[K");

const total = (all: readonly FileTime[]) => all.reduce((sum, { seconds }) => sum + seconds, 0);
const folders = [...new Set(times.map(({ file }) => dirname(file)))].map((folder) => {
  const inside = times.filter(({ file }) => dirname(file) === folder);
  return { folder, inside, seconds: total(inside) };
}).sort((a, b) => b.seconds - a.seconds);
const countTests = (all: readonly FileTime[]) => String(all.reduce((sum, { tests }) => sum + tests.length, 0));
console.log(alignColumns([
  ["folder", "files", "tests", "processor s"],
  ...folders.map(({ folder, inside, seconds }) => [
    folder,
    String(inside.length),
    countTests(inside),
    formatNumber(seconds, 1),
  ]),
  ["all", String(times.length), countTests(times), formatNumber(total(times), 1)],
]));
console.log(`\n${
  alignColumns([
    ["slowest files", "processor s"],
    ...times.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)
      .map(({ file, seconds }) => [file, formatNumber(seconds, 1)]),
  ])
}`);
console.log(`\n${
  alignColumns([
    ["slowest tests", "clock s"],
    ...times.flatMap(({ tests }) => tests).sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)
      .map(({ name, seconds }) => [name.slice(0, 100), formatNumber(seconds, 1)]),
  ])
}`);
const failed = times.filter(({ passed }) => !passed).map(({ file }) => file);
if (failed.length > 0) {
  console.log(`\nFailed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
