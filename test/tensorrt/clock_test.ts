import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOCK, estimateText, estimateTime } from "../../src/tensorrt/clock.ts";
import { countKernels } from "../../src/tensorrt/kernels.ts";
import { layerWork } from "../../src/tensorrt/layer_work.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";
import { CANDIDATES, CHOSEN, fit, heldOut, predict, rmsError, spread } from "../../tools/clock/fit.ts";
import { resNet } from "../../tools/clock/networks.ts";
import { publishedObservations } from "../../tools/clock/observations.ts";
import { PUBLISHED_TIMES } from "../../tools/clock/published.ts";

const SEEN = publishedObservations();
const NANO = findTarget("nano");

test("the networks of published times have the published work, within 5 %", () => {
  assert.equal(PUBLISHED_TIMES.length, 20);
  for (const { name, gflop, build } of PUBLISHED_TIMES) {
    const found = layerWork(build()).reduce((sum, { flops }) => sum + flops, 0) / 1e9;
    assert.ok(gflop === undefined || Math.abs(found / gflop - 1) < 0.05, `${name}: ${found} GFLOP, published ${gflop}`);
  }
});

test("CLOCK is the fit of the chosen candidate, which errs least on times that it was not fitted to", () => {
  const [arithmetic = 0, memory = 0, kernelMs = 0, constantMs = 0] = fit(CHOSEN, SEEN);
  for (
    const [held, fitted] of [
      [CLOCK.arithmetic, arithmetic],
      [CLOCK.memory, memory],
      [CLOCK.kernelMs, kernelMs],
      [CLOCK.constantMs, constantMs],
    ] as const
  ) assert.ok(Math.abs(held / fitted - 1) < 0.01, `${held} is not the fitted ${fitted}`);
  const errors = CANDIDATES.map((candidate) => rmsError(heldOut(candidate, SEEN, ({ name }) => name)));
  const chosen = errors.at(-1) as number;
  assert.ok(chosen <= 0.12, `leave-one-out error ${chosen}`);
  assert.ok(errors.every((error) => error >= chosen));
  const sources = heldOut(CHOSEN, SEEN, ({ source }) => source);
  assert.ok(Math.abs(spread(sources, 0.9) / CLOCK.spread - 1) < 0.01);
});

test("estimateTime() computes what the fit predicts, for all published times within its interval", () => {
  const coefficients = fit(CHOSEN, SEEN);
  for (const [i, { name, build, ms }] of PUBLISHED_TIMES.entries()) {
    const graph = build();
    const estimate = estimateTime({ work: layerWork(graph), kernels: countKernels(graph) }, NANO, "fp16");
    const predicted = predict(CHOSEN, coefficients, SEEN[i] as (typeof SEEN)[number]);
    assert.ok(Math.abs((estimate?.ms ?? 0) / predicted - 1) < 0.01, name);
    assert.ok(ms >= (estimate?.lowMs ?? Infinity) && ms <= (estimate?.highMs ?? 0), `${name}: ${ms} ms`);
    assert.equal(estimate?.calibrated, true);
  }
});

test("estimateTime() agrees with published times in FP32, to which it was not fitted", () => {
  for (const [depth, ms] of [[18, 26], [34, 48], [50, 79]] as const) {
    const graph = resNet(depth, [256, 256]);
    const estimate = estimateTime({ work: layerWork(graph), kernels: countKernels(graph) }, NANO, "fp32");
    assert.ok(Math.abs((estimate?.ms ?? 0) / ms - 1) < 0.15, `ResNet-${depth}: ${estimate?.ms} ms, published ${ms}`);
  }
});

test("estimateTime() lets the start of kernels bound a small network, and says how little is known of it", () => {
  const small = { work: [{ name: "conv", flops: 1e7, bytes: 1e6 }], kernels: 80 };
  const nano = estimateTime(small, NANO, "fp16");
  assert.equal(nano?.boundBy, "kernels");
  assert.ok(Math.abs((nano?.ms ?? 0) - 8) < 1e-9 && nano?.extrapolated);
  assert.ok((nano?.lowMs ?? 0) < 2 && (nano?.highMs ?? 0) > 12);
  assert.match(
    nano ? estimateText(nano) : "",
    /^about 8\.0 ms \(\d\.\d to 13\) in fp16, 125 images per second: an estimate; starting/,
  );
  const orin = estimateTime(small, findTarget("orin-nano"), "fp16");
  assert.ok((orin?.ms ?? 0) < (nano?.ms ?? 0) && orin?.calibrated === false);
  assert.equal(estimateTime(small, findTarget("host"), "fp16"), undefined);
  assert.equal(estimateTime({ ...small, batch: 4 }, NANO, "fp16")?.fps, 500);
});
