/** Room for the names beside the points of a plot. */

/** A point in pixels with its name. */
export interface NamedPoint {
  readonly x: number;
  readonly y: number;
  readonly name: string;
}

/** Where a name is written: the left end of its base line. */
export interface LabelPlace {
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of a letter and a line of the style's 11 pixels; the letters' width is a mean. */
const [LETTER_WIDTH, LINE_HEIGHT, POINT_RADIUS, GAP] = [6.2, 11, 4, 6];

/** A place right or left of each point, on its height or at most two lines off, where it covers no point and no other name; undefined where there is none. */
export function labelPlaces(
  points: readonly NamedPoint[],
  { left, right }: { readonly left: number; readonly right: number },
): (LabelPlace | undefined)[] {
  const taken: Box[] = points.map(({ x, y }) => ({
    left: x - POINT_RADIUS,
    right: x + POINT_RADIUS,
    top: y - POINT_RADIUS,
    bottom: y + POINT_RADIUS,
  }));
  const places: (LabelPlace | undefined)[] = points.map(() => undefined);
  const downwards = points.map((point, index) => ({ ...point, index })).sort((a, b) => a.y - b.y);
  for (const { x, y, name, index } of downwards) {
    const width = LETTER_WIDTH * name.length;
    const found = [0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2, -2].flatMap((lines) =>
      [x + GAP, x - GAP - width].map((start) => ({
        left: start,
        right: start + width,
        top: y + (lines - 0.5) * LINE_HEIGHT,
        bottom: y + (lines + 0.5) * LINE_HEIGHT,
      }))
    ).find((box) => box.left >= left && box.right <= right && !taken.some((other) => overlap(box, other)));
    if (found === undefined) continue;
    taken.push(found);
    places[index] = { x: found.left, y: found.bottom - 2 };
  }
  return places;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
