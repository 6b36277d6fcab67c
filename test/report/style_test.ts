import assert from "node:assert/strict";
import { test } from "node:test";
import { STYLE } from "../../src/report/style.ts";

/** Relative luminance of sRGB (WCAG 2.2). */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

test("STYLE has the contrast of WCAG's level AA in light and in dark", () => {
  const schemes = STYLE.split("@media screen and (prefers-color-scheme: dark)").map((part) =>
    new Map([...part.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value as string]))
  );
  assert.equal(schemes.length, 2);
  for (const colours of schemes) {
    for (const ground of ["ground", "raised"].map((name) => colours.get(name) as string)) {
      for (const name of ["text", "quiet", "link", "good", "bad", "neutral"]) {
        assert.ok(contrast(colours.get(name) as string, ground) >= 4.5, `${name} on ${ground}`);
      }
      for (let i = 0; i < 6; i++) {
        assert.ok(contrast(colours.get(`series-${i}`) as string, ground) >= 3, `series ${i} on ${ground}`);
      }
    }
  }
});
