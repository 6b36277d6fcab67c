import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mergeParts } from "../../src/prediction/merge_parts.ts";
import { beginPart, idsHash, type PartRecord, writeRecord } from "../../src/prediction/part_record.ts";

const IDS = ["c", "a", "b"];

/** Part `number` of 2, with its masks, in a folder. */
function put(folder: string, number: number, changes: Partial<PartRecord> = {}): PartRecord {
  const record: PartRecord = {
    part: { number, of: 2 },
    model: "model.onnx",
    configuration: "f00d",
    all: { count: IDS.length, ids: idsHash(IDS) },
    cases: IDS.filter((_, i) => i % 2 === number - 1).map((id) => ({ id, files: [`${id}.png`, `${id}.nii.gz`] })),
    done: true,
    failures: [],
    ...changes,
  };
  mkdirSync(folder, { recursive: true });
  for (const name of record.cases.flatMap(({ files }) => files)) writeFileSync(join(folder, name), name);
  writeRecord(folder, record);
  return record;
}

function inFolder(use: (at: (...names: string[]) => string) => void): void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "seg-parts-")));
  try {
    use((...names) => join(folder, ...names));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("mergeParts() joins parts of one or several folders, in whatever order", () => {
  inFolder((at) => {
    for (const number of [1, 2]) put(at("one"), number);
    const together = mergeParts([at("one")], { out: at("one"), force: false });
    assert.deepEqual(together.cases.map(({ id }) => id), ["a", "b", "c"]);
    assert.deepEqual(JSON.parse(readFileSync(at("one", "prediction.json"), "utf8")), together);

    put(at("x"), 1);
    put(at("y"), 2);
    const apart = mergeParts([at("y"), at("x"), at("y")], { out: at("z"), force: false });
    assert.deepEqual({ ...apart, folder: "" }, { ...together, folder: "" });
    const names = together.cases.flatMap(({ files }) => files);
    assert.deepEqual(readdirSync(at("z")).sort(), ["prediction.json", ...names].sort());
    for (const name of names) assert.equal(readFileSync(at("z", name), "utf8"), name);
    assert.throws(
      () => mergeParts([at("x"), at("y")], { out: at("z"), force: false }),
      /prediction\.json exists already/,
    );
    mergeParts([at("x"), at("y")], { out: at("z"), force: true });
  });
});

test("mergeParts() lists cases that failed, and asks for no files of them", () => {
  inFolder((at) => {
    put(at("m"), 1);
    put(at("m"), 2, { failures: [{ id: "a", message: "a.nii.gz ends early" }] });
    rmSync(at("m", "a.nii.gz"));
    const { cases, failures } = mergeParts([at("m")], { out: at("m"), force: false });
    assert.deepEqual(cases.map(({ id }) => id), ["b", "c"]);
    assert.deepEqual(failures, [{ id: "a", message: "a.nii.gz ends early" }]);
  });
});

test("mergeParts() refuses gaps, duplicates and parts that do not belong together, and writes nothing then", () => {
  const cases: [put: (at: (...names: string[]) => string) => void, message: RegExp][] = [
    [(at) => put(at("m"), 2), /^Part 1 of 2 is missing; predict what is missing, or name its folder too$/],
    [
      (at) => [put(at("m"), 1), put(at("n"), 1)],
      /^Part 1 of 2 is in .*m and in .*n, expected every part once; name one/,
    ],
    [
      (at) => [put(at("m"), 1), put(at("n"), 2, { configuration: "beef" })],
      /part-2-of-2\.json is of another model or other options than .*part-1-of-2\.json; merge parts of one prediction$/,
    ],
    [
      (at) => [put(at("m"), 1), put(at("n"), 2, { all: { count: 3, ids: "other" } })],
      /part-2-of-2\.json is dealt out from other cases than .*part-1-of-2\.json; merge/,
    ],
    [
      (at) => [put(at("m"), 1), put(at("n"), 2, { done: false })],
      /part-2-of-2\.json is not done; run its command again, /,
    ],
    [
      (at) => [put(at("m"), 1, { cases: [] }), put(at("n"), 2)],
      /^The parts have 1 case, expected the 3 that they were dealt out from; predict them again$/,
    ],
    [
      (at) => [put(at("m"), 1), put(at("n"), 2), rmSync(at("n", "a.nii.gz"))],
      /a\.nii\.gz is missing, though its part is /,
    ],
    [
      (at) => [put(at("m"), 1), put(at("n"), 2, { cases: [{ id: "a", files: ["../../a.nii.gz"] }] })],
      /^Cannot use .*part-2-of-2\.json: .* is .*; remove it/,
    ],
  ];
  for (const [prepare, message] of cases) {
    inFolder((at) => {
      mkdirSync(at("m"));
      prepare(at);
      const folders = readdirSync(at()).sort().filter((name) => /^[mn]$/.test(name)).map((name) => at(name));
      assert.throws(() => mergeParts(folders, { out: at("out"), force: false }), { name: "Failure", message });
      assert.equal(readdirSync(at()).includes("out"), false);
    });
  }
});

test("beginPart() skips what is done, goes on with what is begun, and refuses masks of something else", () => {
  inFolder((at) => {
    const record = put(at("m"), 1);
    assert.equal(beginPart(at("m"), record, { force: false }), "done");
    const begun = put(at("m"), 1, { done: false });
    assert.equal(beginPart(at("m"), begun, { force: false }), "begun");
    put(at("m"), 1, { failures: [{ id: "c", message: "ends early" }] });
    assert.equal(beginPart(at("m"), begun, { force: false }), "begun");
    put(at("m"), 1);
    rmSync(at("m", "c.png"));
    assert.equal(beginPart(at("m"), begun, { force: false }), "begun");
    const other = { ...begun, configuration: "beef" };
    assert.throws(
      () => beginPart(at("m"), other, { force: false }),
      /part-1-of-2\.json is of another model or other opt/,
    );
    const more = { ...begun, all: { count: 4, ids: "other" } };
    assert.throws(
      () => beginPart(at("m"), more, { force: false }),
      /part-1-of-2\.json is of other cases; choose another/,
    );
    assert.equal(beginPart(at("m"), other, { force: true }), "begun");
    rmSync(at("m", "part-1-of-2.json"));
    assert.throws(
      () => beginPart(at("m"), begun, { force: false }),
      /c\.nii\.gz exists already, but not as a part of this prediction; choose another --out, or add --force/,
    );
  });
});
