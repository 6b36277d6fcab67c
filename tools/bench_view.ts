/**
 * Measures how long the page of `seg view` takes to show a volume: reading of the files, and in a browser that was just started the
 * time from the request until the planes are drawn, and until the 3-D picture is there too.
 *
 *     node dist/tools/bench_view.js VOLUME [REFERENCE] [--rounds 5] [--processor graphics]
 *
 * WebGL is computed by the processor, as on a machine without graphics, unless --processor says graphics.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { chromiumPath, rootArguments, SOFTWARE_WEBGL } from "../src/view/chromium.ts";
import { readLayers } from "../src/view/layers.ts";
import { startView } from "../src/view/start_view.ts";

const { values, positionals: [volume, reference] } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, processor: { type: "string", default: "central" } },
});
const executablePath = chromiumPath();
if (volume === undefined || executablePath === undefined) {
  console.error(volume === undefined ? "usage: bench_view VOLUME [REFERENCE]" : "There is no Chromium: install it");
  process.exit(2);
}
const args = [...rootArguments(), ...(values.processor === "graphics" ? [] : SOFTWARE_WEBGL)];
const readMs: number[] = [];
const planesMs: number[] = [];
const allMs: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const started = performance.now();
  const server = await startView(readLayers({ volume, reference }), { log: console.error });
  readMs.push(performance.now() - started);
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const asked = performance.now();
    await page.goto(server.url, { waitUntil: "commit" });
    for (const [name, times] of [["planes", planesMs], ["ready", allMs]] as const) {
      await page.waitForSelector(`body[data-${name}], body[data-fault]`, { state: "attached", timeout: 60_000 });
      times.push(performance.now() - asked);
    }
    const fault = await page.getAttribute("body", "data-fault");
    if (fault !== null) throw new Error(fault);
  } finally {
    await browser.close();
    await server.close();
  }
}
console.log(`files read and served   ${text(readMs)}`);
console.log(`asked for, planes drawn ${text(planesMs)}`);
console.log(`and the 3-D picture     ${text(allMs)}`);

function text(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b).map((time) => time.toFixed(0));
  return `median ${sorted[Math.floor(sorted.length / 2)]} ms  (${sorted.join(", ")})`;
}
