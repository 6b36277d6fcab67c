import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLabelMap } from "../../src/data/label_texts.ts";
import { labelsFromValues } from "../../src/data/label_values.ts";
import { ignoredClass, indicesOf, type LabelOptions, selectChannels, selectLabels } from "../../src/data/selection.ts";

const BRATS = {
  labels: [{ value: 1, name: "necrosis" }, { value: 2, name: "edema" }, { value: 4, name: "enhancing" }],
  regions: [{ name: "core", values: [1, 4] }],
};

test("selectChannels() takes names and indices", () => {
  assert.deepEqual(selectChannels(["T2", "ADC"]), [0, 1]);
  assert.deepEqual(selectChannels(["T2", "ADC"], ["adc", 0]), [1, 0]);
  assert.deepEqual(selectChannels(["T2", "ADC"], ["1"]), [1]);
});

test("selectChannels() refuses unknown and repeated channels", () => {
  assert.throws(() => selectChannels(["T2", "ADC"], ["T1"]), {
    name: "UsageFailure",
    message: "Unknown channel T1 in --channels, expected 0 (T2), 1 (ADC)",
  });
  assert.throws(() => selectChannels(["T2", "ADC"], [0, "T2"]), {
    name: "UsageFailure",
    message: "--channels 0,T2 must name every channel once and at least one",
  });
});

test("parseLabelMap() reads pairs and refuses the rest", () => {
  assert.deepEqual([...parseLabelMap("4:3, -1:0")], [[4, 3], [-1, 0]]);
  for (const text of ["4", "4:x", "", "4:3,4:2", "1:-2"]) {
    assert.throws(() => parseLabelMap(text), {
      name: "UsageFailure",
      message: `Cannot read --map ${JSON.stringify(text)}, expected pairs such as 4:3,5:0, every value once`,
    });
  }
});

test("selectLabels() takes all, some, whole, and regions", () => {
  assert.deepEqual(selectLabels(BRATS).classes.map(({ value, values }) => [value, values]), [[1, [1]], [2, [2]], [4, [
    4,
  ]]]);
  assert.deepEqual(selectLabels(BRATS, { labels: ["enhancing", 2] }).classes, [
    { value: 4, name: "enhancing", values: [4] },
    { value: 2, name: "edema", values: [2] },
  ]);
  assert.deepEqual(selectLabels(BRATS, { labels: ["whole"] }).classes, [{
    value: 1,
    name: "whole",
    values: [1, 2, 4],
  }]);
  const { classes, known } = selectLabels(BRATS, { labels: ["core"] });
  assert.deepEqual(classes, [{ value: 1, name: "core", values: [1, 4] }]);
  assert.deepEqual(known, [0, 1, 2, 4]);
});

test("selectLabels() applies the map to the declaration", () => {
  const { classes, known } = selectLabels(BRATS, { map: new Map([[4, 3]]) });
  assert.deepEqual(classes.map(({ value, name }) => [value, name]), [[1, "necrosis"], [2, "edema"], [3, "enhancing"]]);
  assert.deepEqual(known, [0, 1, 2, 3]);
  const core = selectLabels(BRATS, { labels: ["core"], map: new Map([[4, 3]]) });
  assert.deepEqual(core.classes[0]?.values, [1, 3]);
});

test("selectLabels() takes further values only where labels are convention", () => {
  assert.throws(() => selectLabels(BRATS, { labels: [3] }), {
    name: "UsageFailure",
    message: "Unknown label 3 in --labels, expected 1 (necrosis), 2 (edema), 4 (enhancing), core, whole",
  });
  const { classes, known } = selectLabels({ ...BRATS, labelsByConvention: true }, { labels: [3] });
  assert.deepEqual(classes, [{ value: 3, name: "label 3", values: [3] }]);
  assert.deepEqual(known, [0, 1, 2, 3, 4]);
});

test("selectLabels() gives every class a value of its own, whatever is chosen", () => {
  const regions = [{ name: "core", values: [1, 4] }, { name: "rest", values: [2] }];
  const names = ["necrosis", "edema", "enhancing", "core", "rest", "whole", "3", "7"];
  const source = { ...BRATS, regions, labelsByConvention: true };
  const values = (labels: readonly string[]) => selectLabels(source, { labels }).classes.map(({ value }) => value);
  assert.deepEqual(values(["edema", "core"]), [2, 1]);
  assert.deepEqual(values(["core", "edema"]), [1, 2]);
  for (let chosen = 1; chosen < 2 ** names.length; chosen++) {
    const labels = names.filter((_, i) => (chosen >> i) & 1);
    // The same voxels under two names.
    if (labels.includes("edema") && labels.includes("rest")) continue;
    for (const order of [labels, [...labels].reverse()]) {
      const found = values(order);
      assert.equal(new Set(found).size, labels.length, `${order}: ${found}`);
    }
  }
});

test("selectLabels() lets classes overlap, and indexes every combination that a value has", () => {
  const { classes, overlapping, members } = selectLabels(BRATS, { labels: ["core", "whole", 4] });
  assert.equal(overlapping, true);
  assert.deepEqual(classes, [
    { name: "whole", values: [1, 2, 4], value: 2 },
    { name: "core", values: [1, 4], value: 1 },
    { name: "enhancing", values: [4], value: 4 },
  ]);
  assert.deepEqual(members, [[1], [1, 2], [1, 2, 3]]);
  // Regions that do not hold one another: 2 is of both, and written for neither.
  const crossing = [{ name: "a", values: [1, 2] }, { name: "b", values: [2, 4] }];
  const found = selectLabels({ ...BRATS, regions: crossing }, { labels: ["a", "b"], ignore: [9] });
  assert.deepEqual(found.classes.map(({ value }) => value), [1, 2]);
  assert.deepEqual(found.members, [[1], [1, 2], [2]]);
  assert.equal(ignoredClass(found), 4);
  assert.deepEqual([indicesOf(found, 1), indicesOf(found, 2)], [[1, 2], [2, 3]]);
  assert.deepEqual(selectLabels(BRATS).members, [[1], [2], [3]]);
  assert.throws(() => selectLabels(BRATS, { labels: ["core", "necrosis", "core"] }), {
    name: "UsageFailure",
    message: "--labels core and core are the same voxels (1, 4); name them once",
  });
});

test("selectLabels() takes the regions of a data set for its classes, with what it writes for them", () => {
  const regions = [{ name: "whole", values: [1, 2, 4], value: 2 }, { name: "edema", values: [1, 4], value: 1 }];
  const source = { ...BRATS, regions, regionsAreClasses: true };
  const names = (labels?: readonly (string | number)[]) =>
    selectLabels(source, { labels }).classes.map(({ name, value }) => [name, value]);
  assert.deepEqual(names(), [["whole", 2], ["edema", 1]]);
  assert.deepEqual(names(["edema", "whole"]), [["whole", 2], ["edema", 1]]);
  assert.deepEqual(names(["edema"]), [["edema", 1]]);
  assert.deepEqual(names([1, 2]), [["necrosis", 1], ["edema", 2]]);
});

test("selectLabels() leaves out the label called ignore and those that are asked for", () => {
  const source = {
    labels: [{ value: 1, name: "PZ" }, { value: 2, name: "TZ" }, { value: 3, name: "Ignore" }],
    regions: [],
  };
  const choose = (options: LabelOptions) => {
    const { classes, ignored, known } = selectLabels(source, options);
    return [classes.map(({ values }) => values), ignored, known];
  };
  assert.deepEqual(choose({}), [[[1], [2]], [3], [0, 1, 2, 3]]);
  assert.deepEqual(choose({ labels: ["whole"] }), [[[1, 2]], [3], [0, 1, 2, 3]]);
  assert.deepEqual(choose({ ignore: ["tz", 255] }), [[[1]], [2, 3, 255], [0, 1, 2, 3, 255]]);
  // After the map.
  assert.deepEqual(choose({ map: new Map([[3, 0]]) }), [[[1], [2]], [], [0, 1, 2]]);
  assert.deepEqual(choose({ map: new Map([[2, 3]]) }), [[[1]], [3], [0, 1, 3]]);
  assert.deepEqual(selectLabels(BRATS, { labels: ["core"], ignore: [4] }).classes[0]?.values, [1]);
  assert.equal(ignoredClass(selectLabels(source)), 3);
  assert.equal(ignoredClass(selectLabels(BRATS)), undefined);
  for (
    const [options, message] of [
      [{ labels: ["ignore"] }, "Unknown label ignore in --labels, expected 1 (PZ), 2 (TZ), whole"],
      [{ ignore: ["edema"] }, "Unknown label edema in --ignore, expected a value from 1, PZ, TZ, Ignore"],
      [{ ignore: [0] }, "Unknown label 0 in --ignore, expected a value from 1, PZ, TZ, Ignore"],
      [{ ignore: [1, 2] }, "--ignore 1, 2, 3 leaves out every label; ignore other values than those to learn"],
    ] as const
  ) {
    assert.throws(() => selectLabels(source, options), { name: "UsageFailure", message });
  }
  assert.throws(() => selectLabels(BRATS, { labels: ["core"], ignore: [1, 4] }), {
    message: "--ignore 1, 4 leaves out core; ignore other values than those to learn",
  });
  // As nnU-Net declares regions.
  const regional = { ...source, regions: [{ name: "prostate", values: [1, 2] }, { name: "ignore", values: [3] }] };
  assert.throws(() => selectLabels(regional, { labels: ["ignore"] }), {
    message: "Unknown label ignore in --labels, expected 1 (PZ), 2 (TZ), prostate, whole",
  });
  const convention = { ...BRATS, labelsByConvention: true };
  assert.throws(() => selectLabels(convention, { labels: [7], ignore: [7] }), {
    message: "--ignore 7 leaves out label 7; ignore other values than those to learn",
  });
});

test("labelsFromValues() knows the three kinds of masks and refuses others", () => {
  const none = new Map<number, number>();
  const values = (...sets: number[][]) => new Map(sets.map((set, i) => [`m${i}.png`, set]));
  assert.deepEqual(labelsFromValues(values([0], [0, 255]), none), { labels: [{ value: 255, name: "foreground" }] });
  assert.deepEqual(labelsFromValues(values([0, 1]), none), { labels: [{ value: 1, name: "foreground" }] });
  assert.deepEqual(labelsFromValues(values([0, 1], [0, 2]), none), {
    labels: [{ value: 1, name: "label 1" }, { value: 2, name: "label 2" }],
  });
  assert.deepEqual(labelsFromValues(values([0, 1], [0, 255]), new Map([[255, 1]])), {
    labels: [{ value: 1, name: "foreground" }],
  });
  assert.deepEqual(labelsFromValues(values([0, 1], [0, 255]), none, [255]), {
    labels: [{ value: 1, name: "foreground" }],
  });
  assert.deepEqual(labelsFromValues(values([0, 127], [0, 255]), none), {
    finding: {
      code: "E08",
      file: "m1.png",
      found: "label values 0, 127, 255 in the masks",
      expected: "{0, 1}, {0, 255} or {0, 1, …, K} over all masks",
      remedy: "add --map 127:1,255:2 to number them, or name them with --labels",
    },
  });
});
