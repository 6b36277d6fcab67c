import assert from "node:assert/strict";
import { test } from "node:test";
import type { Type } from "cmd-ts";
import {
  duration,
  list,
  listOf,
  oneWordOf,
  outputFile,
  realNumber,
  wholeNumber,
} from "../../src/commands/arguments.ts";
import { foldNumber, part, seedNumber } from "../../src/commands/array_arguments.ts";

async function fails(type: Type<string, unknown>, text: string, message: string): Promise<void> {
  await assert.rejects(async () => await type.from(text), { message });
}

test("duration reads seconds, minutes, hours and days", async () => {
  const expected = {
    "90": 90,
    "90s": 90,
    "30m": 1800,
    "30min": 1800,
    "2h": 7200,
    "1h30m": 5400,
    "0.5h": 1800,
    "1d": 86400,
  };
  for (const [text, seconds] of Object.entries(expected)) assert.equal(await duration.from(text), seconds, text);
  for (const text of ["", "soon", "2x", "-2h", "0s", "2h3"]) {
    if (text === "2h3") assert.equal(await duration.from(text), 7203);
    else {await fails(
        duration,
        text,
        `found ${JSON.stringify(text)}, expected a duration such as 90s, 30m, 2h or 1h30m`,
      );}
  }
});

test("wholeNumber() takes whole numbers of its range alone", async () => {
  assert.equal(await wholeNumber(1).from("12"), 12);
  for (const text of ["0", "1.5", "1e3", "", "x", "0x10"]) {
    await fails(wholeNumber(1), text, `found ${JSON.stringify(text)}, expected a whole number from 1`);
  }
  await fails(wholeNumber(1, 8), "9", 'found "9", expected a whole number of 1 to 8');
});

test("realNumber() takes numbers of its range alone", async () => {
  assert.equal(await realNumber(0).from("1e-3"), 0.001);
  await fails(realNumber(0, Infinity, { open: true }), "0", 'found "0", expected a number above 0');
  await fails(realNumber(0, 1), "1.5", 'found "1.5", expected a number of 0 to 1');
  for (const text of ["NaN", "", "x"]) {
    await fails(realNumber(0), text, `found ${JSON.stringify(text)}, expected a number from 0`);
  }
});

test("list, listOf() and oneWordOf() name what was expected", async () => {
  assert.deepEqual(await list.from("0, 1,flair"), ["0", "1", "flair"]);
  await fails(list, "0,,1", 'found "0,,1", expected a list such as 0,1');
  assert.deepEqual(await listOf(["dice", "iou"]).from("iou,dice"), ["iou", "dice"]);
  await fails(listOf(["dice", "iou"]), "dice,f1", 'found "f1", expected one of dice, iou');
  await fails(
    listOf(["dice", "iou"]),
    "dice,iuo",
    'found "iuo", expected one of dice, iou; did you mean iou?',
  );
  await fails(oneWordOf(["axial", "coronal"]), "oblique", 'found "oblique", expected one of axial, coronal');
});

test("part reads i/n and auto/n", async () => {
  assert.deepEqual(await part.from("2/4"), { number: 2, of: 4 });
  assert.deepEqual(await part.from("auto/4"), { first: undefined, of: 4 });
  assert.deepEqual(await part.from("auto:1/4"), { first: 1, of: 4 });
  for (const text of ["0/4", "5/4", "2", "a/b", "2/0", "auto", "auto/0", "auto:2/4"]) {
    await fails(part, text, `found ${JSON.stringify(text)}, expected a part such as 2/4, or auto/4`);
  }
});

test("seedNumber reads a number and auto/n", async () => {
  assert.deepEqual([await seedNumber.from("0"), await seedNumber.from("2147483647")], [0, 2147483647]);
  assert.deepEqual(await seedNumber.from("auto/3"), { first: undefined, of: 3 });
  for (const text of ["-1", "1.5", "2147483648", "auto", "auto/0"]) {
    await fails(
      seedNumber,
      text,
      `found "${text}", expected a whole number of 0 to 2147483647, or auto/3 for three seeds`,
    );
  }
});

test("outputFile() wants the ending", async () => {
  assert.equal(await outputFile(".onnx").from("x.onnx"), "x.onnx");
  await fails(outputFile(".onnx"), "x.txt", 'found "x.txt", expected a name that ends in .onnx');
});

test("foldNumber reads a number, all or auto", async () => {
  assert.deepEqual([await foldNumber.from("3"), await foldNumber.from("all")], [3, "all"]);
  assert.deepEqual(await foldNumber.from("auto"), { first: undefined });
  assert.deepEqual(await foldNumber.from("auto:1"), { first: 1 });
  for (const text of ["-1", "1.5", "every", "1000", "auto/2"]) {
    await fails(foldNumber, text, `found "${text}", expected the number of a fold from 0, all, or auto`);
  }
});
