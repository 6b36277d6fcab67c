import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Conventions,
  distinctTolerances,
  readConventions,
  refuseOtherConventions,
  type WrittenConventions,
} from "../../src/evaluation/conventions.ts";

const OWN: Conventions = { unit: "mm", emptyRule: "nnunet", hd95Variant: "max", tolerances: [2] };

function refuse(other: Partial<Conventions>, compared: readonly string[] = ["nsd", "hd95"]): void {
  refuseOtherConventions(OWN, { ...OWN, ...other }, { path: "o.json", compares: (group) => compared.includes(group) });
}

test("distinctTolerances() takes spacings that differ by the rounding of float32 for one", () => {
  const rounded = [0.9375, 0.7, 1.2].map((
    spacing,
  ) => [2 * spacing, 2 * Math.fround(spacing), 2 * spacing * (1 + 3e-6)]);
  assert.deepEqual(distinctTolerances(rounded.flat()).map((one) => Number(one.toFixed(4))), [1.4, 1.875, 2.4]);
  assert.deepEqual(distinctTolerances([1, 2, 1.001]), [1, 1.001, 2]);
  assert.deepEqual(distinctTolerances([]), []);
});

test("readConventions() reads one tolerance and several, and takes defaults where a file names none", () => {
  const read = (conventions: WrittenConventions) => readConventions({ conventions });
  assert.deepEqual(read({ ...OWN, tolerance: 2 }), OWN);
  assert.deepEqual(read({ unit: "px", emptyRule: "one", hd95Variant: "surfel", tolerance: [2, 1, 2] }), {
    unit: "px",
    emptyRule: "one",
    hd95Variant: "surfel",
    tolerances: [1, 2],
  });
  assert.deepEqual(readConventions({ conventions: {} }), { ...OWN, tolerances: [] });
});

test("refuseOtherConventions() refuses scores that mean something else, with the option that makes them alike", () => {
  refuse({});
  refuse({ tolerances: [2.0000002] });
  refuse({ tolerances: [] });
  refuse({ tolerances: [1], hd95Variant: "pooled" }, []);
  assert.throws(() => refuse({ tolerances: [1] }), {
    name: "Failure",
    message: "o.json was scored with the NSD tolerance 1 mm, this evaluation with 2 mm; give --tolerance-mm 1",
  });
  assert.throws(() => refuse({ tolerances: [1, 2] }), {
    message:
      "o.json was scored with the NSD tolerance 1, 2 mm, this evaluation with 2 mm; leave NSD out with --metrics",
  });
  assert.throws(() => refuse({ hd95Variant: "pooled" }), {
    message: "o.json was scored with HD95 as pooled, this evaluation with max; give --hd95 pooled",
  });
  assert.throws(() => refuse({ emptyRule: "one" }, []), {
    message: "o.json was scored with the empty rule one, this evaluation with nnunet; give --empty one",
  });
});
