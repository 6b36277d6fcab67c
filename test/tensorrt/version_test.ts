import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeVersionNumber, encodeVersionNumber, formatVersion, parseVersion } from "../../src/tensorrt/version.ts";

test("decodeVersionNumber() knows both ways of numbering", () => {
  assert.deepEqual([8001, 8201, 8503, 9300, 100300, 101602, 110100].map(decodeVersionNumber), [
    80001,
    80201,
    80503,
    90300,
    100300,
    101602,
    110100,
  ]);
});

test("encodeVersionNumber() undoes decodeVersionNumber()", () => {
  for (const printed of [8001, 8205, 9300, 100001, 110100]) {
    assert.equal(encodeVersionNumber(decodeVersionNumber(printed)), printed);
  }
});

test("parseVersion() reads dotted and plain versions", () => {
  assert.deepEqual(["8.2.1", "8.2.1.8", "10.3", "10.16.2", "8001", "8.2.1-1+cuda10.2", "new"].map(parseVersion), [
    80201,
    80201,
    100300,
    101602,
    80001,
    80201,
    undefined,
  ]);
  assert.equal(formatVersion(101602), "10.16.2");
});
