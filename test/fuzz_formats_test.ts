/** Spoilt files of seg itself are refused with one sentence, or read; `tools/fuzz_readers.ts` tries many more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../src/random.ts";
import { inFolder } from "./commands/run_program.ts";
import { FORMATS, putFormats, spoilFormat, tryFormat, wholeFormat } from "./fuzz_formats.ts";

test("files of every format are read whole, and refused with one sentence where they are spoilt", async () => {
  await inFolder((folder) => {
    putFormats(folder);
    for (const format of FORMATS) {
      const whole = wholeFormat(format);
      assert.deepEqual(tryFormat(folder, format, whole), { refused: false }, format.file);
      const random = new Random(1);
      let refused = 0;
      for (let round = 0; round < 60; round++) {
        const result = tryFormat(folder, format, spoilFormat(format.file, whole, random));
        assert.equal(result.fault, undefined, `${format.file} round ${round}`);
        if (result.refused) refused++;
      }
      assert.ok(refused > 5, `${format.file}: ${refused}`);
      tryFormat(folder, format, whole);
    }
    return Promise.resolve();
  });
});
