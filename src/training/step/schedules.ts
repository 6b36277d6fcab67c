/** Learning-rate schedules: a factor on the base rate for each step. */

import { Failure } from "../../failure.ts";

/** The factor for update `step` (from 0) of `steps`. */
export type Schedule = (step: number, steps: number) => number;

/** The schedules by name. */
export const SCHEDULES: Readonly<Record<string, Schedule>> = {
  constant: () => 1,
  // (1 − step / steps)^0.9: DeepLab, nnU-Net
  poly: (step, steps) => Math.max(0, 1 - step / steps) ** 0.9,
  // Loshchilov, Hutter 2017, without restarts
  cosine: (step, steps) => 0.5 * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps)),
  // Smith, Topin 2018, as PyTorch's OneCycleLR: from 1/25 up over 30 % of the steps, down to 1/250000, by cosines
  "one-cycle": (step, steps) => {
    const peak = 0.3 * steps - 1;
    const between = (from: number, to: number, share: number) =>
      to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
    return step <= peak ? between(1 / 25, 1, step / peak) : between(1, 1 / 250_000, (step - peak) / (steps - 1 - peak));
  },
};

/**
 * The schedule called `name`, after `warmUpSteps` steps of a linear rise.
 *
 * @throws {Failure} where there is no such schedule.
 */
export function createSchedule(name: string, warmUpSteps: number): Schedule {
  const schedule = SCHEDULES[name];
  if (schedule === undefined) {
    throw new Failure(`No schedule is called ${name}: choose one of ${Object.keys(SCHEDULES).join(", ")}`);
  }
  return warmUpSteps > 0 ? withWarmUp(schedule, warmUpSteps) : schedule;
}

/** `schedule` after a linear rise over `warmUp` steps. */
export function withWarmUp(schedule: Schedule, warmUp: number): Schedule {
  return (step, steps) => step < warmUp ? (step + 1) / warmUp : schedule(step - warmUp, Math.max(1, steps - warmUp));
}
