import assert from "node:assert/strict";
import { test } from "node:test";
import { type Finding, findingSummary } from "../../src/data/finding.ts";

const small: Finding = {
  code: "W06",
  file: "fold 0",
  found: "2 validation cases",
  expected: "at least 5",
  remedy: "use fewer --folds",
};

test("findingSummary() has what was found and the remedy, in three lines of a terminal", () => {
  assert.equal(findingSummary(small, "data"), "W06 fold 0: found 2 validation cases; use fewer --folds");
  const long = findingSummary({ ...small, found: "x ".repeat(400) }, "my data");
  assert.match(long, /^W06 fold 0: found x x .*…; seg check 'my data' tells all$/);
  assert.ok(long.length < 3 * 80 - "Warning: ".length, String(long.length));
});
