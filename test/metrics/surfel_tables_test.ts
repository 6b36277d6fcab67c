import assert from "node:assert/strict";
import { test } from "node:test";
import { contourLengths, surfelAreas } from "../../src/metrics/surfel_tables.ts";

function close(actual: number | undefined, expected: number): void {
  assert(actual !== undefined && Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);
}

const corner = Math.sqrt(3) / 8;

// Bit b is the corner y = b & 1, z = b >> 1 & 1, x = b >> 2.
const CASES: Record<string, { code: number; area: number }> = {
  "no corner": { code: 0, area: 0 },
  "one corner": { code: 0b1, area: corner },
  "two corners along an edge": { code: 0b11, area: Math.SQRT1_2 },
  "two corners across a face": { code: 0b1001, area: 2 * corner },
  "two corners across the cell": { code: 0b10000001, area: 2 * corner },
  "three corners in an L": { code: 0b111, area: 0.5 + 3 * corner },
  "an edge and a corner apart": { code: 0b10000011, area: Math.SQRT1_2 + corner },
  "a face": { code: 0b1111, area: 1 },
  "a corner and its three neighbours": { code: 0b10111, area: 6 * corner },
  "a chain of four corners": { code: 0b11011, area: 4 * corner + Math.SQRT1_2 },
  "two edges across the cell": { code: 0b11000011, area: 2 * Math.SQRT1_2 },
  "every second corner": { code: 0b01101001, area: 4 * corner },
};

for (const [name, { code, area }] of Object.entries(CASES)) {
  test(`surfelAreas() of ${name}`, () => close(surfelAreas([1, 1, 1])[code], area));
}

test("surfelAreas() of a pattern is that of its complement and of its mirror images", () => {
  const areas = surfelAreas([1, 2, 3]);
  for (let code = 0; code < 256; code++) {
    close(areas[255 - code], areas[code]!);
    for (const axis of [1, 2, 4]) {
      let mirrored = 0;
      for (let b = 0; b < 8; b++) if ((code >> b) & 1) mirrored |= 1 << (b ^ axis);
      close(areas[mirrored], areas[code]!);
    }
  }
});

test("surfelAreas() and contourLengths() scale with the spacing by axis", () => {
  const areas = surfelAreas([2, 3, 5]);
  close(areas[0b1111], 3 * 5); // x = 0: a face across x
  close(areas[0b00110011], 2 * 3); // z = 0: a face across z
  close(areas[0b01010101], 2 * 5); // y = 0: a face across y
  close(areas[0b1], Math.hypot(15, 10, 6) / 8);
  const lengths = contourLengths([2, 3, 5]);
  const slanted = Math.hypot(2, 3) / 2;
  const known = [0, slanted, slanted, 3, slanted, 2, 2 * slanted, slanted];
  for (const [code, length] of known.entries()) {
    close(lengths[code], length);
    close(lengths[15 - code], length);
  }
});
