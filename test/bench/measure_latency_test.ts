import assert from "node:assert/strict";
import { test } from "node:test";
import { measureLatency, type MeasureOptions } from "../../src/bench/measure_latency.ts";

const OPTIONS: MeasureOptions = { warmUpMs: 0, warmUpRuns: 0, durationMs: 1000 };

/** A run that takes `ms` of a clock that only runs move. */
function steady(ms: number) {
  let time = 0;
  let runs = 0;
  return {
    run: () => {
      time += ms;
      runs++;
      return Promise.resolve();
    },
    now: () => time,
    runs: () => runs,
  };
}

test("measureLatency() measures every run until the time is over", async () => {
  const clock = steady(4);
  const samples = await measureLatency(clock.run, { ...OPTIONS, now: clock.now });
  assert.equal(samples.length, 250);
  assert.ok(samples.every((sample) => sample === 4));
});

test("measureLatency() warms up for the time and the number of runs, whichever takes longer", async () => {
  for (const [warmUpMs, warmUpRuns, expected] of [[400, 3, 100], [8, 30, 30]] as const) {
    const clock = steady(4);
    const samples = await measureLatency(clock.run, { ...OPTIONS, warmUpMs, warmUpRuns, now: clock.now });
    assert.equal(clock.runs() - samples.length, expected);
  }
});

test("measureLatency() goes on for 100 samples, however long they take", async () => {
  const slow = steady(20);
  assert.equal((await measureLatency(slow.run, { ...OPTIONS, now: slow.now })).length, 100);
  const slower = steady(50);
  assert.equal((await measureLatency(slower.run, { ...OPTIONS, now: slower.now })).length, 100);
  const slowest = steady(200);
  const shares: number[] = [];
  const progress = (share: number) => shares.push(share);
  assert.equal((await measureLatency(slowest.run, { ...OPTIONS, now: slowest.now, progress })).length, 100);
  assert.ok(shares.length === 19 && shares[9] === 0.5, `${shares}`);
});

test("measureLatency() keeps more samples than it first has room for and reports progress once a second", async () => {
  const clock = steady(1);
  const shares: number[] = [];
  const samples = await measureLatency(clock.run, {
    ...OPTIONS,
    durationMs: 4000,
    now: clock.now,
    progress: (share) => shares.push(share),
  });
  assert.equal(samples.length, 4000);
  assert.deepEqual(shares, [0.25, 0.5, 0.75]);
});
