/**
 * Spoils image files of every kind, and files of seg itself in every format that it reads again, and checks that each is refused
 * with one sentence or read whole, within 2 s, and all within 1 GiB of memory.
 *
 *     deno run -A tools/fuzz_readers.ts [rounds = 500] [seed = 1]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Random } from "../src/random.ts";
import { FORMATS, putFormats, spoilFormat, tryFormat, wholeFormat } from "../test/fuzz_formats.ts";
import { bombs, FUZZ_SEEDS, type FuzzSeed, spoil, tryReading } from "../test/imaging/fuzz_cases.ts";

const LONGEST_MS = 2000;
const LARGEST_BYTES = 2 ** 30;

const rounds = Number(process.argv[2] ?? 500);
const seed = Number(process.argv[3] ?? 1);
const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
const faults: string[] = [];
let slowestMs = 0;

function attempt(file: FuzzSeed, as: "image" | "mask", label: string): boolean {
  const start = performance.now();
  const { fault, refused } = tryReading(folder, file, as);
  const milliseconds = performance.now() - start;
  slowestMs = Math.max(slowestMs, milliseconds);
  if (fault !== undefined) faults.push(`${label}: ${fault}`);
  if (milliseconds > LONGEST_MS) faults.push(`${label}: ${Math.round(milliseconds)} ms`);
  return refused;
}

try {
  for (const file of FUZZ_SEEDS) {
    const random = new Random(seed);
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      const spoilt = { ...file, bytes: spoil(file.bytes, random) };
      if (attempt(spoilt, round % 2 === 0 ? "image" : "mask", `${file.name} round ${round}`)) refused++;
    }
    console.log(`${file.name.padEnd(16)} ${refused} of ${rounds} refused`);
  }
  putFormats(folder);
  for (const format of FORMATS) {
    const random = new Random(seed);
    const whole = wholeFormat(format);
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      const result = tryFormat(folder, format, spoilFormat(format.file, whole, random));
      if (result.fault !== undefined) faults.push(`${format.file} round ${round}: ${result.fault}`);
      if (result.refused) refused++;
    }
    tryFormat(folder, format, whole);
    console.log(`${format.file.padEnd(28)} ${refused} of ${rounds} refused`);
  }
  const peakBefore = process.resourceUsage().maxRSS * 1024;
  for (const file of bombs()) {
    console.log(`${file.name.padEnd(16)} ${attempt(file, "image", file.name) ? "refused" : "read"}`);
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(
    `slowest ${slowestMs.toFixed(0)} ms, peak memory ${(peakBefore / 2 ** 20).toFixed(0)} MiB, ` +
      `with the making of the bombs ${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
  );
  if (peakBytes > LARGEST_BYTES) faults.push(`peak memory ${peakBytes} bytes`);
} finally {
  rmSync(folder, { recursive: true });
}
for (const fault of faults.slice(0, 20)) console.error(fault);
console.log(faults.length === 0 ? "no faults" : `${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
