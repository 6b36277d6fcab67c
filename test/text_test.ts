import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alignColumns,
  alignPairs,
  countOf,
  formatBytes,
  formatCount,
  formatDuration,
  formatFlops,
  formatInterval,
  formatNumber,
  formatPercent,
  formatSigned,
  wrapWords,
} from "../src/text.ts";

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

test("formatPercent() keeps shares near 0 and 1 apart from them", () => {
  const expected: Readonly<Record<string, number>> = {
    "0 %": 0,
    "< 0.01 %": 0.00004,
    "0.01 %": 0.0001,
    "12.35 %": 0.12345678,
    "50.00 %": 0.5,
    "99.99 %": 0.9999,
    "> 99.99 %": 0.99996,
    "100 %": 1,
  };
  for (const [text, share] of Object.entries(expected)) assert.equal(formatPercent(share), text);
  assert.deepEqual([0.004, 0.126, 0.997].map((share) => formatPercent(share, 0)), ["< 1 %", "13 %", "> 99 %"]);
});

test("formatNumber(), formatSigned() and formatInterval() have a dash where there is no value", () => {
  assert.deepEqual([formatNumber(0.81251, 3), formatNumber(null, 3), formatNumber(NaN, 1)], ["0.813", "–", "–"]);
  assert.deepEqual([0.5, 0, -0.5, null].map((value) => formatSigned(value, 1)), ["+0.5", "+0.0", "-0.5", "–"]);
  assert.deepEqual([formatInterval([0.1, 0.25], 2), formatInterval(undefined, 2)], ["[0.10, 0.25]", "–"]);
  assert.equal(formatInterval([-0.1, 0.25], 1, formatSigned), "[-0.1, +0.3]");
});

test("formatCount(), formatFlops(), formatBytes() and countOf() name large and small amounts", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
  assert.deepEqual([14.06e6, 1.2e9].map(formatFlops), ["14.1 MFLOP", "1.20 GFLOP"]);
  assert.deepEqual([0, 1023, 1536, 3 * 2 ** 20, 1020 * 2 ** 20].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.50 KiB",
    "3.00 MiB",
    "1020 MiB",
  ]);
  assert.deepEqual([countOf(1, "case"), countOf(0, "case"), countOf(2, "class", "classes")], [
    "1 case",
    "0 cases",
    "2 classes",
  ]);
});

test("alignColumns() aligns the first columns left and the others right, without spaces at line ends", () => {
  const rows = [["a", "b", "n"], ["long", "x", "12"], ["c"]];
  assert.equal(alignColumns(rows, { left: 2 }), "a     b   n\nlong  x  12\nc");
  assert.equal(alignColumns(rows), "a     b   n\nlong  x  12\nc");
});

test("alignColumns() turns a table that is too wide, and stacks one that is then too wide as well", () => {
  const rows = [["class", "Dice", "HD95 mm"], ["edema", "0.912", "3.00"], ["core", "0.8", "12.00"]];
  const wide = "class   Dice  HD95 mm\nedema  0.912     3.00\ncore     0.8    12.00";
  assert.equal(alignColumns(rows), wide);
  assert.equal(alignColumns(rows, { columns: 21 }), wide);
  assert.equal(
    alignColumns([...rows.map((row) => [...row, "more"])], { columns: 21 }),
    "class    edema   core\nDice     0.912    0.8\nHD95 mm   3.00  12.00\nmore      more   more",
  );
  assert.equal(
    alignColumns(rows, { columns: 20 }),
    "edema\n  Dice     0.912\n  HD95 mm  3.00\ncore\n  Dice     0.8\n  HD95 mm  12.00",
  );
});

test("alignPairs() goes on below a text that is too wide", () => {
  const pairs = [["name", "a text of several words, and more"], ["longer name", "x"]] as const;
  assert.equal(alignPairs(pairs), "name         a text of several words, and more\nlonger name  x");
  assert.equal(
    alignPairs(pairs, { columns: 34 }),
    "name         a text of several\n             words, and more\nlonger name  x",
  );
});

test("wrapWords() breaks between words and keeps every word", () => {
  assert.deepEqual(wrapWords("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrapWords("one incomprehensibilities two", 7), ["one", "incomprehensibilities", "two"]);
});
