import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayIndex } from "../../src/cluster/array_index.ts";

const about = { count: 5, option: "--fold auto", first: undefined };

test("arrayIndex() takes the number of every scheduler, from 0", () => {
  const cases: [environment: Record<string, string>, variable: string, index: number][] = [
    [{ SLURM_ARRAY_TASK_ID: "0", SLURM_ARRAY_TASK_MAX: "4" }, "SLURM_ARRAY_TASK_ID", 0],
    // A part of an array that is submitted again keeps its numbers.
    [{ SLURM_ARRAY_TASK_ID: "3", SLURM_ARRAY_TASK_MIN: "3", SLURM_ARRAY_TASK_MAX: "3" }, "SLURM_ARRAY_TASK_ID", 3],
    [{ JOB_COMPLETION_INDEX: "4" }, "JOB_COMPLETION_INDEX", 4],
    [{ LSB_JOBINDEX: "1", LSB_JOBINDEX_END: "5" }, "LSB_JOBINDEX", 0],
    [{ PBS_ARRAY_INDEX: "2" }, "PBS_ARRAY_INDEX", 2],
    [{ PBS_ARRAYID: "2" }, "PBS_ARRAYID", 2],
    [{ SGE_TASK_ID: "5", SGE_TASK_LAST: "5" }, "SGE_TASK_ID", 4],
    [{ SGE_TASK_ID: "undefined", LSB_JOBINDEX: "0", PBS_ARRAY_INDEX: "1" }, "PBS_ARRAY_INDEX", 1],
    [{ SLURM_ARRAY_TASK_ID: "2", SGE_TASK_ID: "3" }, "SLURM_ARRAY_TASK_ID", 2],
  ];
  for (const [environment, variable, index] of cases) {
    const found = arrayIndex(environment, about);
    assert.deepEqual([found.variable, found.index, String(found.value)], [variable, index, environment[variable]]);
  }
});

test("arrayIndex() takes an array that begins at 1 where it is said to", () => {
  const environment = { SLURM_ARRAY_TASK_ID: "5", SLURM_ARRAY_TASK_MAX: "5" };
  assert.equal(arrayIndex(environment, { ...about, first: 1 }).index, 4);
  assert.equal(arrayIndex({ SGE_TASK_ID: "5" }, { ...about, first: 1 }).index, 4);
  assert.throws(() => arrayIndex({ PBS_ARRAYID: "0" }, { ...about, first: 1 }), {
    name: "UsageFailure",
    message: "PBS_ARRAYID is 0, expected numbers of 1-5 for --fold auto; submit the array as 1-5",
  });
});

test("arrayIndex() refuses numbers that are none, unclear or too large with one sentence", () => {
  const cases: [environment: Record<string, string>, message: string | RegExp][] = [
    [
      { SGE_TASK_ID: "undefined" },
      /^--fold auto takes its number from an array job, but none of SLURM_ARRAY_TASK_ID, /,
    ],
    [{ PBS_ARRAYID: "" }, /; submit the command as an array job, or give the number itself$/],
    [{ PBS_ARRAYID: "1e1" }, 'PBS_ARRAYID is "1e1", expected the whole number of a task'],
    [
      { SLURM_ARRAY_TASK_ID: "2", JOB_COMPLETION_INDEX: "1" },
      "SLURM_ARRAY_TASK_ID is 2 and JOB_COMPLETION_INDEX is 1, so that --fold auto is unclear; unset the one that is not of " +
      "this job",
    ],
    // The first task of an array of 1 to 5 must not do the second fold: 0 would never be done.
    [
      { SLURM_ARRAY_TASK_ID: "1", SLURM_ARRAY_TASK_MAX: "5" },
      "SLURM_ARRAY_TASK_MAX is 5, expected numbers of 0-4 for --fold auto; submit the array as 0-4, or write auto:1 for " +
      "an array that begins at 1",
    ],
    [
      { JOB_COMPLETION_INDEX: "7" },
      "JOB_COMPLETION_INDEX is 7, expected numbers of 0-4 for --fold auto; submit the array as 0-4",
    ],
  ];
  for (const [environment, message] of cases) {
    assert.throws(() => arrayIndex(environment, about), { name: "UsageFailure", message });
  }
});
