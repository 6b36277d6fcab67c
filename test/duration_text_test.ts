import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration } from "../src/duration_text.ts";

test("formatDuration() gives two units at most", () => {
  const expected: Readonly<Record<string, number>> = {
    "0 s": -1,
    "59 s": 59.4,
    "1 min 00 s": 59.5,
    "2 min 03 s": 123,
    "59 min 59 s": 3599,
    "1 h 00 min": 3600,
    "47 h 59 min": 48 * 3600 - 1,
    "2 d 3 h": 51.9 * 3600,
  };
  for (const [text, seconds] of Object.entries(expected)) assert.equal(formatDuration(seconds), text);
});
