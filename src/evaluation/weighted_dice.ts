/** The Dice of cases for every weight of one class, from one look at each voxel that a weight can change. */

/** What weights make of a case: voxels that no weight changes, counted, and the others. */
export interface CaseVoxels {
  /** Of this case in the mean over all. */
  readonly share: number;
  /** Voxels by class index in the reference. */
  readonly wanted: Float64Array;
  /** Settled voxels by class index in the prediction, and those of them that are right. */
  readonly settled: Float64Array;
  readonly settledRight: Float64Array;
  /** Reference and probabilities (of background and classes, one voxel after the other) of the voxels that are not settled. */
  readonly labels: Uint8Array;
  readonly probabilities: Float32Array;
}

/**
 * Sorts the voxels of a case.
 *
 * @param channels a probability per voxel of background and classes
 * @param reference class indices; voxels of a larger one are left out
 * @param options.range the smallest and the largest weight of a class; the background's is 1
 */
export function unsettledVoxels(
  channels: readonly Float32Array[],
  reference: Uint8Array,
  { share, range: [least, most] }: { share: number; range: readonly [number, number] },
): CaseVoxels {
  const wanted = new Float64Array(channels.length);
  const settled = new Float64Array(channels.length);
  const settledRight = new Float64Array(channels.length);
  const labels: number[] = [];
  const probabilities: number[] = [];
  const at = (k: number, voxel: number) => (channels[k] as Float32Array)[voxel] as number;
  for (let voxel = 0; voxel < reference.length; voxel++) {
    const label = reference[voxel] as number;
    if (label >= channels.length) continue;
    add(wanted, label);
    let best = 0;
    for (let k = 1; k < channels.length; k++) if (at(k, voxel) > at(best, voxel)) best = k;
    const lowest = at(best, voxel) * (best === 0 ? 1 : least);
    let isSettled = true;
    for (let k = 0; k < channels.length; k++) {
      if (k !== best && at(k, voxel) * (k === 0 ? 1 : most) >= lowest) isSettled = false;
    }
    if (isSettled) {
      add(settled, best);
      if (best === label) add(settledRight, best);
    } else {
      labels.push(label);
      for (let k = 0; k < channels.length; k++) probabilities.push(at(k, voxel));
    }
  }
  return {
    share,
    wanted,
    settled,
    settledRight,
    labels: new Uint8Array(labels),
    probabilities: new Float32Array(probabilities),
  };
}

/**
 * The mean Dice of the classes over cases for each weight of one class, the other weights being as they are; 1 where mask and
 * prediction are empty.
 *
 * @param options.label the class index, from 1; `weights` are of the classes from 1
 * @param options.grid rising weights
 */
export function diceByWeight(
  cases: readonly CaseVoxels[],
  { label, weights, grid }: { label: number; weights: readonly number[]; grid: readonly number[] },
): number[] {
  const factors = Float64Array.of(1, ...weights);
  const scores = new Array<number>(grid.length).fill(0);
  for (const one of cases) {
    // By class and position in the grid: voxels that join (or leave) the class from this weight on, and those of them that are right.
    const joined = Array.from(factors, () => new Float64Array(grid.length + 1));
    const joinedRight = Array.from(factors, () => new Float64Array(grid.length + 1));
    const move = (k: number, voxel: number, { from, by }: { from: number; by: number }) => {
      add(joined[k] as Float64Array, from, by);
      if (one.labels[voxel] === k) add(joinedRight[k] as Float64Array, from, by);
    };
    for (let voxel = 0; voxel < one.labels.length; voxel++) {
      const { rival, from } = firstWin(one.probabilities, voxel * factors.length, { label, factors, grid });
      move(rival, voxel, { from: 0, by: 1 });
      move(rival, voxel, { from, by: -1 });
      move(label, voxel, { from, by: 1 });
    }
    for (let k = 1; k < factors.length; k++) {
      let predicted = one.settled[k] as number;
      let right = one.settledRight[k] as number;
      const wanted = one.wanted[k] as number;
      for (let g = 0; g < grid.length; g++) {
        predicted += (joined[k] as Float64Array)[g] as number;
        right += (joinedRight[k] as Float64Array)[g] as number;
        const dice = wanted + predicted === 0 ? 1 : 2 * right / (wanted + predicted);
        scores[g] = (scores[g] as number) + one.share * dice / weights.length;
      }
    }
  }
  return scores;
}

/** The best of the other classes, and the position in the grid from which on `label` beats it, as `decideClasses()` has it. */
function firstWin(
  probabilities: Float32Array,
  start: number,
  { label, factors, grid }: { label: number; factors: Float64Array; grid: readonly number[] },
): { rival: number; from: number } {
  let [rival, most] = [0, -1];
  for (let k = 0; k < factors.length; k++) {
    const value = (probabilities[start + k] as number) * (factors[k] as number);
    if (k !== label && value > most) [rival, most] = [k, value];
  }
  const own = probabilities[start + label] as number;
  let [low, high] = [0, grid.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = own * (grid[middle] as number);
    // Of equals the first channel wins.
    if (value > most || (value === most && label < rival)) high = middle;
    else low = middle + 1;
  }
  return { rival, from: low };
}

function add(counts: Float64Array, position: number, by = 1): void {
  counts[position] = (counts[position] as number) + by;
}
