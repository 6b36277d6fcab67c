import assert from "node:assert/strict";
import { test } from "node:test";
import { labelsFromValues, parseLabelMap, selectChannels, selectLabels } from "../../src/data/selection.ts";

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
  assert.deepEqual([...parseLabelMap("4:3, 5:0")], [[4, 3], [5, 0]]);
  for (const text of ["4", "4:x", "", "4:3,4:2", "-1:2"]) {
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

test("selectLabels() refuses classes with common voxels and ignored voxels", () => {
  assert.throws(() => selectLabels(BRATS, { labels: ["core", 4] }), {
    name: "UsageFailure",
    message: "--labels core and enhancing share the value 4, expected labels without common voxels; " +
      "train one network for each",
  });
  const source = { labels: [{ value: 1, name: "PZ" }, { value: 2, name: "ignore" }], regions: [] };
  assert.throws(() => selectLabels(source), {
    name: "Failure",
    message: 'dataset.json declares value 2 as "ignore", but voxels cannot be left out of training; ' +
      "add --map 2:0 to count them as background",
  });
  assert.equal(selectLabels(source, { map: new Map([[2, 0]]) }).classes.length, 1);
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
