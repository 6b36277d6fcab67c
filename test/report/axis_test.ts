import assert from "node:assert/strict";
import { test } from "node:test";
import { type Axis, linearAxis, logAxis } from "../../src/report/axis.ts";

const texts = ({ ticks }: Axis) => ticks.map(({ text }) => text);

test("linearAxis() covers the values with round ticks", () => {
  const axis = linearAxis([0.013, 0.097], { label: "loss", from: 0 });
  assert.deepEqual(texts(axis), ["0.00", "0.02", "0.04", "0.06", "0.08", "0.10"]);
  assert.deepEqual([axis.min, Math.round(axis.max * 100), axis.label], [0, 10, "loss"]);
  assert.deepEqual(texts(linearAxis([], { label: "Dice", from: 0, to: 1 })), [
    "0.0",
    "0.2",
    "0.4",
    "0.6",
    "0.8",
    "1.0",
  ]);
  assert.deepEqual(texts(linearAxis([-3, 12], { label: "" })), ["-5", "0", "5", "10", "15"]);
  assert.equal(axis.share(axis.max), 1);
});

test("linearAxis() puts the power of very small and very large values into the label", () => {
  const rate = linearAxis([1e-5, 4.8e-3], { label: "learning rate", from: 0 });
  assert.equal(rate.label, "learning rate × 10⁻³");
  assert.deepEqual(texts(rate), ["0", "1", "2", "3", "4", "5"]);
  assert.equal(linearAxis([0, 2_500_000], { label: "voxels" }).label, "voxels × 10⁶");
});

test("linearAxis() of whole numbers has no ticks between them", () => {
  assert.deepEqual(texts(linearAxis([1, 3], { label: "epoch", from: 1, to: 3, whole: true })), ["1", "2", "3"]);
  assert.deepEqual(texts(linearAxis([1], { label: "epoch", from: 1, to: 2, whole: true })), ["1", "2"]);
  assert.deepEqual(texts(linearAxis([1, 30], { label: "epoch", from: 1, to: 30, whole: true })), ["10", "20", "30"]);
});

test("linearAxis() of equal values still has a length", () => {
  for (const value of [0, 5, -0.25]) {
    const { min, max, ticks, share } = linearAxis([value, value], { label: "" });
    assert.ok(min < max && ticks.length >= 2 && share(value) >= 0 && share(value) <= 1, String(value));
  }
});

test("logAxis() has a tick for every power of ten", () => {
  const axis = logAxis([0.3, 472], { label: "" });
  assert.deepEqual(texts(axis), ["0.1", "1", "10", "100", "1000"]);
  assert.ok(Math.abs(axis.share(10) - 0.5) < 1e-12);
});
