import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean } from "../../src/commands/did_you_mean.ts";

test("didYouMean() finds names with few changed letters", () => {
  const names = ["train", "predict", "evaluate", "check"];
  assert.equal(didYouMean("trian", names), "train");
  assert.equal(didYouMean("predct", names), "predict");
  assert.equal(didYouMean("evalute", names), "evaluate");
  assert.equal(didYouMean("Check", names), "check");
});

test("didYouMean() finds nothing where nothing is near", () => {
  assert.equal(didYouMean("frobnicate", ["train", "predict"]), undefined);
  assert.equal(didYouMean("x", ["train", "predict"]), undefined);
  assert.equal(didYouMean("train", []), undefined);
});
