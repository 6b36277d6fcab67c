import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean } from "../../src/command_line/did_you_mean.ts";

test("didYouMean() finds names with few changed letters", () => {
  const names = ["train", "predict", "evaluate", "check", "out"];
  assert.equal(didYouMean("trian", names), "train");
  assert.equal(didYouMean("predct", names), "predict");
  assert.equal(didYouMean("evalute", names), "evaluate");
  assert.equal(didYouMean("Check", names), "check");
  assert.equal(didYouMean("otu", names), "out");
});

test("didYouMean() finds the one name that begins with what was typed", () => {
  assert.equal(didYouMean("learning", ["learning-rate", "level-weights"]), "learning-rate");
  assert.equal(didYouMean("level", ["level-targets", "level-weights"]), undefined);
});

test("didYouMean() finds nothing where nothing is near, as in short names that begin otherwise", () => {
  assert.equal(didYouMean("frobnicate", ["train", "predict"]), undefined);
  assert.equal(didYouMean("x", ["train", "predict"]), undefined);
  assert.equal(didYouMean("train", []), undefined);
  assert.equal(didYouMean("amp", ["map", "out"]), undefined);
  assert.equal(didYouMean("gpu", ["cpu", "cuda"]), undefined);
});

test("didYouMean() compares no long texts", () => {
  assert.equal(didYouMean("train".repeat(200_000), ["train"]), undefined);
});
