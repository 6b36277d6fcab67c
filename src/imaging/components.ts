/** Connected components of masks, and the clean-up of predictions that rests on them. */

/** Labels on a grid, first axis fastest, 0 for background. */
export type LabelArray = Uint8Array | Uint16Array;

/** Voxels along x, y and z. */
export type Shape = readonly [number, number, number];

/** Neighbours by faces (6), also by edges (18), also by corners (26). */
export type Connectivity = 6 | 18 | 26;

/** Components numbered from 1 in the order of their first voxel. */
export interface Components {
  /** The component of every voxel, 0 outside. */
  readonly numbers: Uint32Array;
  /** Voxels of component i at index i − 1. */
  readonly sizes: readonly number[];
}

/** What {@link largestComponent} and {@link removeSmall} clean. */
export interface CleaningOptions {
  /** 26 by default. */
  readonly connectivity?: Connectivity;
  /** The label to clean, all others stay; without it everything that is not 0 counts as one object. */
  readonly label?: number;
}

/** The connected components of the voxels that are not 0, by union-find in one pass over the grid and one over the components. */
export function connectedComponents(
  members: ArrayLike<number>,
  shape: Shape,
  { connectivity = 26 }: { connectivity?: Connectivity } = {},
): Components {
  const reach = connectivity === 6 ? 1 : connectivity === 18 ? 2 : 3;
  return unite(members, shape, earlierNeighbours(reach, [1, 1, 1]));
}

/** The mask with its largest component alone (the first one on a tie). */
export function largestComponent<D extends LabelArray>(mask: D, shape: Shape, options: CleaningOptions = {}): D {
  const components = componentsOf(mask, shape, options);
  let largest = 0;
  for (let k = 1; k < components.sizes.length; k++) {
    if ((components.sizes[k] as number) > (components.sizes[largest] as number)) largest = k;
  }
  return erase(mask, components, (_, k) => k !== largest);
}

/** The mask without the components of fewer than `minimumVoxels`. */
export function removeSmall<D extends LabelArray>(
  mask: D,
  shape: Shape,
  { minimumVoxels, ...options }: CleaningOptions & { readonly minimumVoxels: number },
): D {
  return erase(mask, componentsOf(mask, shape, options), (size) => size < minimumVoxels);
}

/**
 * The mask with its holes filled: background that no path by faces joins to the border of the grid. A hole takes the label
 * that surrounds most of it.
 *
 * @param options.acrossAxis fills slice by slice, across this axis, instead of in 3-D.
 */
export function fillHoles<D extends LabelArray>(
  mask: D,
  shape: Shape,
  { acrossAxis }: { readonly acrossAxis?: 0 | 1 | 2 } = {},
): D {
  const open = [0, 1, 2].map((axis) => axis === acrossAxis ? 0 : 1) as [number, number, number];
  const background = membersOf(mask, 0);
  const { numbers, sizes } = unite(background, shape, earlierNeighbours(1, open));
  const touchesBorder = new Uint8Array(sizes.length + 1);
  const votes = new Map<number, Map<number, number>>();
  let before = 1;
  for (const axis of [0, 1, 2] as const) {
    const length = shape[axis];
    const stride = before;
    before *= length;
    if (open[axis] === 0) continue;
    for (let at = 0; at < mask.length; at++) {
      const hole = numbers[at] as number;
      if (hole === 0) continue;
      const place = Math.floor(at / stride) % length;
      if (place === 0 || place === length - 1) touchesBorder[hole] = 1;
      else if (numbers[at - stride] === 0 || numbers[at + stride] === 0) {
        const count = votes.get(hole) ?? new Map<number, number>();
        votes.set(hole, count);
        for (const label of [mask[at - stride] as number, mask[at + stride] as number]) {
          if (label !== 0) count.set(label, (count.get(label) ?? 0) + 1);
        }
      }
    }
  }
  const filling = new Map<number, number>();
  for (const [hole, count] of votes) {
    if (touchesBorder[hole] === 1) continue;
    filling.set(hole, [...count].reduce((best, entry) => entry[1] > best[1] ? entry : best)[0]);
  }
  const result = mask.slice() as D;
  for (let i = 0; i < result.length; i++) {
    if (numbers[i] !== 0) result[i] = filling.get(numbers[i] as number) ?? 0;
  }
  return result;
}

function componentsOf(mask: LabelArray, shape: Shape, { connectivity = 26, label }: CleaningOptions): Components {
  const members = label === undefined ? mask : membersOf(mask, label);
  return connectedComponents(members, shape, { connectivity });
}

/** 1 where `mask` has the label, else 0; a loop, since `Uint8Array.from` with a function is thirty times slower. */
function membersOf(mask: LabelArray, label: number): Uint8Array {
  const members = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) if (mask[i] === label) members[i] = 1;
  return members;
}

/** The mask without the components of which `isUnwanted` says so, from their size and their position in the list. */
function erase<D extends LabelArray>(
  mask: D,
  { numbers, sizes }: Components,
  isUnwanted: (size: number, position: number) => boolean,
): D {
  const unwanted = new Uint8Array(sizes.length + 1);
  sizes.forEach((size, position) => unwanted[position + 1] = isUnwanted(size, position) ? 1 : 0);
  const result = mask.slice() as D;
  for (let i = 0; i < result.length; i++) if (unwanted[numbers[i] as number] === 1) result[i] = 0;
  return result;
}

type Step = readonly [number, number, number];

/** The neighbours that come before a voxel in memory and differ in up to `reach` indices, along open axes only. */
function earlierNeighbours(reach: number, open: readonly [number, number, number]): Step[] {
  const steps: Step[] = [];
  for (let z = -1; z <= 0; z++) {
    for (let y = -1; y <= 1; y++) {
      for (let x = -1; x <= 1; x++) {
        const earlier = z < 0 || (z === 0 && (y < 0 || (y === 0 && x < 0)));
        const distance = Math.abs(x) + Math.abs(y) + Math.abs(z);
        const allowed = [x, y, z].every((step, axis) => step === 0 || open[axis] === 1);
        if (earlier && allowed && distance <= reach) steps.push([x, y, z]);
      }
    }
  }
  return steps;
}

function unite(members: ArrayLike<number>, shape: Shape, steps: readonly Step[]): Components {
  const [nx, ny, nz] = shape;
  if (members.length !== nx * ny * nz) {
    throw new RangeError(`Cannot find components of ${members.length} voxels on a grid of ${shape.join("×")}`);
  }
  const numbers = new Uint32Array(members.length);
  const parents: number[] = [0];
  const rootOf = (number: number) => {
    let root = number;
    while (parents[root] !== root) root = parents[root] as number;
    for (let next = parents[number] as number; next !== root; next = parents[number] as number) {
      parents[number] = root;
      number = next;
    }
    return root;
  };
  const stepX = Int32Array.from(steps, (step) => step[0]);
  const stepY = Int32Array.from(steps, (step) => step[1]);
  const stepZ = Int32Array.from(steps, (step) => step[2]);
  const jump = Int32Array.from(steps, ([dx, dy, dz]) => dx + nx * (dy + ny * dz));
  let at = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      const isInnerRow = z > 0 && y > 0 && y < ny - 1;
      for (let x = 0; x < nx; x++, at++) {
        if (members[at] === 0) continue;
        const isInner = isInnerRow && x > 0 && x < nx - 1;
        let root = 0;
        for (let k = 0; k < jump.length; k++) {
          if (!isInner) {
            const [column, row] = [x + (stepX[k] as number), y + (stepY[k] as number)];
            if (column < 0 || column >= nx || row < 0 || row >= ny || z + (stepZ[k] as number) < 0) continue;
          }
          const neighbour = numbers[at + (jump[k] as number)] as number;
          if (neighbour === 0 || neighbour === root) continue;
          const other = rootOf(neighbour);
          if (root === 0 || root === other) root = other;
          else {
            parents[root] = other;
            root = other;
          }
        }
        if (root === 0) {
          root = parents.length;
          parents.push(root);
        }
        numbers[at] = root;
      }
    }
  }
  const final = new Uint32Array(parents.length);
  const sizes: number[] = [];
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] === 0) continue;
    const root = rootOf(numbers[i] as number);
    if (final[root] === 0) final[root] = sizes.push(0);
    const number = final[root] as number;
    sizes[number - 1] = (sizes[number - 1] as number) + 1;
    numbers[i] = number;
  }
  return { numbers, sizes };
}
