/** Turning, scaling and mirroring squares about their centre, image and target alike. */

/**
 * A linear map from a place in the changed square to the place in the original that is seen there: x′ = a x + b y,
 * y′ = c x + d y, from the centre, x to the right and y down. It has no unit, so that it serves squares of any size.
 */
export interface SquareMap {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** The map that changes nothing. */
export const IDENTITY: SquareMap = { a: 1, b: 0, c: 0, d: 1 };

/** What a {@link SquareMap} is made of. */
export interface Placement {
  /** Radians; the picture turns clockwise. */
  readonly angle?: number | undefined;
  /** Above 1, the picture becomes larger. */
  readonly scale?: number | undefined;
  /** Exchanges left and right. */
  readonly horizontal?: boolean | undefined;
  /** Exchanges up and down. */
  readonly vertical?: boolean | undefined;
}

/** The map that turns and scales, then mirrors. */
export function squareMap({ angle = 0, scale = 1, horizontal = false, vertical = false }: Placement): SquareMap {
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const [x, y] = [horizontal ? -1 : 1, vertical ? -1 : 1];
  return { a: x * cos, b: y * sin, c: -x * sin, d: y * cos };
}

/** The map that undoes `map`. */
export function inverseMap({ a, b, c, d }: SquareMap): SquareMap {
  const determinant = a * d - b * c;
  return { a: d / determinant, b: -b / determinant, c: -c / determinant, d: a / determinant };
}

/** Whether a map changes nothing. */
export function isIdentity({ a, b, c, d }: SquareMap): boolean {
  return a === 1 && b === 0 && c === 0 && d === 1;
}

/** Writes `from` `[channels, size, size]` through `map` into `into`, by linear interpolation; beyond the edges as at the edge. */
export function mapImage(
  from: Float32Array,
  into: Float32Array,
  { size, map }: { readonly size: number; readonly map: SquareMap },
): void {
  if (isIdentity(map)) {
    into.set(from);
    return;
  }
  const centre = (size - 1) / 2;
  const last = size - 1;
  const pixels = size * size;
  // Plain constants: taking pairs apart costs more here than the rest of the loop.
  for (let row = 0, to = 0; row < size; row++) {
    const y = row - centre;
    for (let column = 0; column < size; column++, to++) {
      const x = column - centre;
      const sourceX = Math.min(Math.max(map.a * x + map.b * y + centre, 0), last);
      const sourceY = Math.min(Math.max(map.c * x + map.d * y + centre, 0), last);
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const shareX = sourceX - left;
      const shareY = sourceY - top;
      const right = left < last ? 1 : 0;
      const below = top < last ? size : 0;
      for (let channel = 0, at = top * size + left; channel < from.length; channel += pixels, at += pixels) {
        const upper = mix(from[at] as number, from[at + right] as number, shareX);
        const lower = mix(from[at + below] as number, from[at + below + right] as number, shareX);
        into[channel + to] = mix(upper, lower, shareY);
      }
    }
  }
}

function mix(a: number, b: number, share: number): number {
  return a + share * (b - a);
}
