import assert from "node:assert/strict";
import { test } from "node:test";
import { IDENTITY, inverseMap, isIdentity, mapImage, squareMap } from "../../src/training/augment/square_map.ts";
import { Random } from "../../src/random.ts";
import { largestDifference } from "../golden.ts";

const SIZE = 12;
const random = new Random(1);
const image = Float32Array.from({ length: 2 * SIZE * SIZE }, () => random.normal());

function mapped(from: Float32Array, map: ReturnType<typeof squareMap>): Float32Array {
  const into = new Float32Array(from.length);
  mapImage(from, into, { size: SIZE, map });
  return into;
}

/** The pixels of `image` in another order: `place` says from where each comes. */
function rearranged(place: (row: number, column: number) => readonly [number, number]): Float32Array {
  return image.map((_, i) => {
    const [channel, row, column] = [Math.floor(i / SIZE ** 2), Math.floor(i / SIZE) % SIZE, i % SIZE];
    const [fromRow, fromColumn] = place(row, column);
    return image[(channel * SIZE + fromRow) * SIZE + fromColumn] as number;
  });
}

test("mapImage() of the identity changes nothing", () => {
  assert.ok(isIdentity(squareMap({})));
  assert.deepEqual(mapped(image, IDENTITY), image);
  assert.deepEqual(mapped(image, squareMap({ scale: 1, angle: 0 })), image);
});

test("mapImage() mirrors whole pixels", () => {
  const end = SIZE - 1;
  assert.deepEqual(mapped(image, squareMap({ horizontal: true })), rearranged((row, column) => [row, end - column]));
  assert.deepEqual(mapped(image, squareMap({ vertical: true })), rearranged((row, column) => [end - row, column]));
});

test("mapImage() turns clockwise", () => {
  const turned = mapped(image, squareMap({ angle: Math.PI / 2 }));
  // What was at the left edge comes to the upper edge.
  assert.ok(largestDifference(turned, rearranged((row, column) => [SIZE - 1 - column, row])) < 1e-5);
});

test("mapImage() enlarges about the centre", () => {
  const ramp = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE) - (SIZE - 1) / 2);
  for (const scale of [1, 1.25, 2]) {
    const found = mapped(ramp, squareMap({ scale }));
    assert.ok(largestDifference(found, ramp.map((x) => x / scale)) < 1e-6, `${scale}`);
  }
  // Beyond the edges as at the edge.
  const smaller = mapped(ramp, squareMap({ scale: 0.5 }));
  assert.ok(largestDifference(smaller, ramp.map((x) => Math.max(-5.5, Math.min(5.5, 2 * x)))) < 1e-6);
});

test("inverseMap() undoes a map", () => {
  const map = squareMap({ angle: 0.7, scale: 1.3, horizontal: true });
  const back = inverseMap(map);
  const product = [
    map.a * back.a + map.b * back.c,
    map.a * back.b + map.b * back.d,
    map.c * back.a + map.d * back.c,
    map.c * back.b + map.d * back.d,
  ];
  assert.ok(largestDifference(product, [1, 0, 0, 1]) < 1e-12);
});
