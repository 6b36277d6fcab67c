/** Ten mask pairs whose scores are known from other programs. */

import type { Triple } from "../../src/metrics/overlap.ts";

export interface ToyCase {
  readonly name: string;
  readonly shape: Triple;
  readonly spacing: Triple;
  readonly tolerance: number;
  readonly reference: Uint8Array;
  readonly prediction: Uint8Array;
}

type Inside = (x: number, y: number, z: number) => boolean;

export function paint(shape: Triple, inside: Inside): Uint8Array {
  const mask = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let i = 0; i < mask.length; i++) {
    const x = i % shape[0];
    const y = Math.floor(i / shape[0]) % shape[1];
    if (inside(x, y, Math.floor(i / (shape[0] * shape[1])))) mask[i] = 1;
  }
  return mask;
}

export function block(first: Triple, last: Triple): Inside {
  return (x, y, z) => x >= first[0] && x <= last[0] && y >= first[1] && y <= last[1] && z >= first[2] && z <= last[2];
}

function toy(
  name: string,
  masks: { reference: Inside; prediction: Inside },
  grid: { shape?: Triple; spacing?: Triple; tolerance?: number } = {},
): ToyCase {
  const shape = grid.shape ?? [32, 32, 1];
  return {
    name,
    shape,
    spacing: grid.spacing ?? [1, 1, 1],
    tolerance: grid.tolerance ?? 1,
    reference: paint(shape, masks.reference),
    prediction: paint(shape, masks.prediction),
  };
}

const square = block([8, 8, 0], [19, 19, 0]);
const shifted = block([10, 9, 0], [21, 20, 0]);
const nothing: Inside = () => false;
const blob = block([2, 2, 0], [3, 7, 0]);

export const TOY_CASES: readonly ToyCase[] = [
  toy("A", { reference: square, prediction: shifted }),
  toy("B", { reference: square, prediction: shifted }, { spacing: [2, 0.5, 1] }),
  toy("C", { reference: square, prediction: (x, y, z) => square(x, y, z) || (x === 30 && y === 30) }),
  toy("D", { reference: nothing, prediction: nothing }),
  toy("E", { reference: nothing, prediction: square }),
  toy("F", { reference: square, prediction: nothing }),
  toy("G", {
    reference: (x, y) => (x - 30) ** 2 + (y - 30) ** 2 <= 15 ** 2,
    prediction: (x, y, z) => ((x - 33) / 13) ** 2 + ((y - 31) / 17) ** 2 <= 1 || blob(x, y, z),
  }, { shape: [64, 64, 1], tolerance: 2 }),
  toy("H", { reference: block([10, 10, 0], [10, 10, 0]), prediction: block([10, 13, 0], [10, 13, 0]) }),
  toy("I", { reference: () => true, prediction: () => true }, { shape: [16, 16, 1] }),
  toy("J", { reference: block([3, 6, 6], [8, 17, 17]), prediction: block([4, 8, 6], [9, 18, 16]) }, {
    shape: [12, 24, 24],
    spacing: [3, 1, 1],
    tolerance: 2,
  }),
];
