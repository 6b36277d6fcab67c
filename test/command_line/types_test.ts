import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  duration,
  existingFile,
  existingFolder,
  existingPath,
  list,
  listOf,
  oneWordOf,
  outputFile,
  readValue,
  realNumber,
  wholeNumber,
} from "../../src/command_line/types.ts";
import type { ValueType } from "../../src/command_line/option.ts";
import { foldNumber, part, seedNumber } from "../../src/commands/array_types.ts";
import { inFolder } from "../commands/run_program.ts";

function fails(type: ValueType<unknown>, text: string, message: string): void {
  assert.throws(() => type.read(text), { message });
}

test("duration reads seconds, minutes, hours and days, and wants their unit", () => {
  const expected = {
    "90s": 90,
    "30m": 1800,
    "30min": 1800,
    "2h": 7200,
    "1h30m": 5400,
    "0.5h": 1800,
    "1d": 86400,
  };
  for (const [text, seconds] of Object.entries(expected)) assert.equal(duration.read(text), seconds, text);
  for (const text of ["", "soon", "2x", "-2h", "0s", "2h3"]) {
    fails(duration, text, `found ${JSON.stringify(text)}, expected a duration such as 90s, 30m, 2h or 1h30m`);
  }
  fails(
    duration,
    "90",
    'found "90" without a unit, expected a duration such as 90s, 30m, 2h or 1h30m: write 90s for seconds, 90m for minutes',
  );
});

test("wholeNumber() takes whole numbers of its range alone", () => {
  assert.equal(wholeNumber(1).read("12"), 12);
  for (const text of ["0", "1.5", "1e3", "", "x", "0x10"]) {
    fails(wholeNumber(1), text, `found ${JSON.stringify(text)}, expected a whole number from 1`);
  }
  fails(wholeNumber(1, 8), "9", 'found "9", expected a whole number of 1 to 8');
});

test("realNumber() takes numbers of its range alone", () => {
  assert.equal(realNumber(0).read("1e-3"), 0.001);
  fails(realNumber(0, Infinity, { open: true }), "0", 'found "0", expected a number above 0');
  fails(realNumber(0, 1), "1.5", 'found "1.5", expected a number of 0 to 1');
  for (const text of ["NaN", "", "x"]) {
    fails(realNumber(0), text, `found ${JSON.stringify(text)}, expected a number from 0`);
  }
});

test("list, listOf() and oneWordOf() name what was expected", () => {
  assert.deepEqual(list.read("0, 1,flair"), ["0", "1", "flair"]);
  fails(list, "0,,1", 'found "0,,1", expected a list such as 0,1');
  assert.deepEqual(listOf(["dice", "iou"]).read("iou,dice"), ["iou", "dice"]);
  fails(listOf(["dice", "iou"]), "dice,f1", 'found "f1", expected one of dice, iou');
  fails(
    listOf(["dice", "iou"]),
    "dice,iuo",
    'found "iuo", expected one of dice, iou; did you mean iou?',
  );
  fails(oneWordOf(["axial", "coronal"]), "oblique", 'found "oblique", expected one of axial, coronal');
});

test("part reads i/n and auto/n", () => {
  assert.deepEqual(part.read("2/4"), { number: 2, of: 4 });
  assert.deepEqual(part.read("auto/4"), { first: undefined, of: 4 });
  assert.deepEqual(part.read("auto:1/4"), { first: 1, of: 4 });
  for (const text of ["0/4", "5/4", "2", "a/b", "2/0", "auto", "auto/0", "auto:2/4"]) {
    fails(part, text, `found ${JSON.stringify(text)}, expected a part such as 2/4, or auto/4`);
  }
});

test("seedNumber reads a number and auto/n", () => {
  assert.deepEqual([seedNumber.read("0"), seedNumber.read("2147483647")], [0, 2147483647]);
  assert.deepEqual(seedNumber.read("auto/3"), { first: undefined, of: 3 });
  for (const text of ["-1", "1.5", "2147483648", "auto", "auto/0"]) {
    fails(
      seedNumber,
      text,
      `found "${text}", expected a whole number of 0 to 2147483647, or auto/3 for three seeds`,
    );
  }
});

test("outputFile() wants the ending", () => {
  assert.equal(outputFile(".onnx").read("x.onnx"), "x.onnx");
  fails(outputFile(".onnx"), "x.txt", 'found "x.txt", expected a name that ends in .onnx');
});

test("foldNumber reads a number, all or auto", () => {
  assert.deepEqual([foldNumber.read("3"), foldNumber.read("all")], [3, "all"]);
  assert.deepEqual(foldNumber.read("auto"), { first: undefined });
  assert.deepEqual(foldNumber.read("auto:1"), { first: 1 });
  for (const text of ["-1", "1.5", "every", "1000", "auto/2"]) {
    fails(foldNumber, text, `found "${text}", expected the number of a fold from 0, all, or auto`);
  }
});

test("existingFile and existingFolder tell folders, files and pipes apart, and take what is elsewhere", async () => {
  await inFolder((folder) => {
    const [file, pipe] = [join(folder, "file"), join(folder, "pipe")];
    writeFileSync(file, "");
    assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
    const wrong: [type: ValueType<string>, path: string, message: string][] = [
      [existingFile, folder, `${folder} is a folder, expected a file; name the file itself`],
      [existingFolder, file, `${file} is a file, expected a folder; name the folder itself`],
      [existingFile, pipe, `${pipe} is a pipe, a socket or a device, expected a file; give one with content`],
      [existingPath, pipe, `${pipe} is a pipe, a socket or a device, expected a file or folder; give one with content`],
      [existingFile, `${file}.txt`, `there is no file ${file}.txt; check the path`],
      [existingFile, "x".repeat(900_000), `there is no file ${"x".repeat(200)}…; check the path`],
    ];
    for (const [type, path, message] of wrong) {
      assert.throws(() => readValue(type, path), { message });
      assert.equal(readValue(type, path, { pathsElsewhere: true }), path);
    }
    for (const [type, path] of [[existingFile, file], [existingFolder, folder], [existingPath, file]] as const) {
      assert.equal(readValue(type, path), path);
    }
    return Promise.resolve();
  });
});
