/** The example of docs/library.md, and what it must print. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** The TypeScript of the only block of docs/library.md in that language. */
export function libraryExample(): string {
  const blocks = [...readFileSync("docs/library.md", "utf8").matchAll(/^```ts\n([^]*?)^```$/gm)];
  assert.equal(blocks.length, 1);
  return blocks[0]?.[1] as string;
}

/** Throws where the output of the example is not that of a right derivative and a training that learned. */
export function checkExample(stdout: string): void {
  const numbers = (word: string) =>
    stdout.split("\n").filter((line) => line.startsWith(`${word} `)).map((line) =>
      line.match(/-?\d+(\.\d+)?/g)?.map(Number)
    );
  // d(x · σ(x))/dx = σ(x) · (1 + x · (1 − σ(x)))
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const expected = [-1, 0, 1].map((x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))));
  const slope = numbers("slope")[0] ?? [];
  assert.equal(slope.length, 3, stdout);
  expected.forEach((value, i) => assert.ok(Math.abs(value - (slope[i] as number)) < 1e-6, stdout));
  const losses = numbers("loss").map((found) => found?.[0] as number);
  assert.equal(losses.length, 100);
  // Weights of 0 give probabilities of one half.
  assert.ok(Math.abs((losses[0] as number) - Math.LN2) < 1e-6, `first loss ${losses[0]}`);
  assert.ok((losses.at(-1) as number) < 0.2, `last loss ${losses.at(-1)}`);
  assert.ok((numbers("bytes")[0]?.[0] as number) > 100);
}
