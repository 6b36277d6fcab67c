/** The longer gradient rules of Slice and Pad. */
import type { Formulas, Value } from "../op.ts";

/** What a Slice keeps of one axis: `count` elements from `first` on, `step` apart. */
export interface SliceAxis {
  readonly first: number;
  readonly count: number;
  readonly step: number;
}

/** The gradient of x for a Slice that kept `ranges` of it: dy at the kept places and 0 between and around them. */
export function spreadSteps(
  math: Formulas,
  dy: Value,
  { x, ranges }: { readonly x: Value; readonly ranges: readonly SliceAxis[] },
): Value {
  let spread = dy;
  ranges.forEach(({ first, count, step }, axis) => {
    const size = x.type.shape[axis] as number;
    const shape = spread.type.shape;
    const around = (before: number, after: number) => {
      const pads = new Array<number>(2 * shape.length).fill(0);
      [pads[axis], pads[shape.length + axis]] = [before, after];
      return pads;
    };
    const stride = Math.abs(step);
    if (step < 0) {
      spread = math.slice(spread, { starts: [-1], ends: [-count - 1], axes: [axis], steps: [-1] });
    }
    const lowest = step < 0 ? first - (count - 1) * stride : first;
    if (stride > 1) {
      // [.., count, ..] → [.., count, 1, ..] → zeros behind each element → [.., count · stride, ..]
      const wide = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)];
      const pads = new Array<number>(2 * wide.length).fill(0);
      pads[wide.length + axis + 1] = stride - 1;
      const padded = math.pad(math.reshape(spread, wide), pads);
      spread = math.reshape(padded, [...shape.slice(0, axis), count * stride, ...shape.slice(axis + 1)]);
    }
    const after = size - lowest - count * stride;
    if (lowest !== 0 || after !== 0) spread = math.pad(spread, around(lowest, after));
  });
  return spread;
}

/**
 * The gradient of x for a Pad of mode "reflect", "edge" or "wrap".
 *
 * Border elements copy an element of x; their gradients are added to it, one axis at a time.
 */
export function foldBorders(
  math: Formulas,
  dy: Value,
  { x, mode, pads }: { readonly x: Value; readonly mode: string; readonly pads: readonly number[] },
): Value {
  let folded = dy;
  const rank = x.type.shape.length;
  for (let axis = rank - 1; axis >= 0; axis--) {
    const size = x.type.shape[axis] as number;
    const [before, after] = [pads[axis] as number, pads[rank + axis] as number];
    if (before === 0 && after === 0) continue;
    const source = (i: number) => {
      if (mode === "edge") return Math.min(Math.max(i, 0), size - 1);
      if (mode === "wrap") return ((i % size) + size) % size;
      const period = Math.max(2 * (size - 1), 1);
      const position = ((i % period) + period) % period;
      return Math.min(position, period - position);
    };
    const parts: (Value | undefined)[] = Array.from({ length: size }, () => undefined);
    for (let i = -before; i < size + after; i++) {
      const piece = math.slice(folded, { starts: [i + before], ends: [i + before + 1], axes: [axis] });
      const known = parts[source(i)];
      parts[source(i)] = known === undefined ? piece : math.add(known, piece);
    }
    folded = math.concat(parts.filter((part) => part !== undefined), axis);
  }
  return folded;
}
