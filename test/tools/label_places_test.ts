import assert from "node:assert/strict";
import { test } from "node:test";
import { labelPlaces } from "../../tools/ablation/label_places.ts";

const ROOM = { left: 0, right: 400 };

test("labelPlaces() writes a lone name right of its point, and left of it at the right edge", () => {
  const [middle, edge] = labelPlaces([{ x: 100, y: 50, name: "u-net" }, { x: 390, y: 90, name: "elu-net" }], ROOM);
  assert.deepEqual(middle, { x: 106, y: 53.5 });
  assert.ok(edge !== undefined && edge.x < 390 - 7 * 6, "seven letters of six pixels and more");
});

test("labelPlaces() keeps the names of points that coincide a line apart, and leaves out those without room", () => {
  const points = Array.from({ length: 40 }, (_, k) => ({ x: 200, y: 100, name: `arm ${k}` }));
  const places = labelPlaces(points, ROOM);
  const written = places.filter((place) => place !== undefined);
  // Within two lines of the point, a line apart: at most five on each side.
  assert.ok(written.length >= 6 && written.length <= 10, String(written.length));
  for (const side of [written.filter(({ x }) => x > 200), written.filter(({ x }) => x < 200)]) {
    const heights = side.map(({ y }) => y).sort((a, b) => a - b);
    heights.slice(1).forEach((height, k) => assert.ok(height - (heights[k] as number) >= 11));
  }
});
