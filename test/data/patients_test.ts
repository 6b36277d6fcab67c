import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { openDataset } from "../../src/data/dataset.ts";
import { assignPatients, parseGroup } from "../../src/data/patients.ts";
import { chooseSplit, findLeaks } from "../../src/data/splits.ts";
import { maskOf, put, putNifti, putPng, withFolder } from "./made_folders.ts";

const of = (ids: readonly string[], group?: string) =>
  assignPatients(
    ids.map((id) => ({ id, images: [`${id}.nii.gz`] })),
    group === undefined ? undefined : parseGroup(group),
  );
const patients = (ids: readonly string[], group?: string) => of(ids, group).cases.map(({ patient }) => patient);

test("assignPatients() knows the usual names of repeated scans", () => {
  for (
    const [ids, patient] of [
      [["patient001_frame01", "patient001_frame12"], "patient001"],
      [["patient001_ED", "patient001_ES"], "patient001"],
      [["sub-01_ses-02_T1w", "sub-01_ses-03_run-2_T1w", "sub-01_FLAIR"], "sub-01"],
      [["sub-control_ses-1", "sub-control_ses-2"], "sub-control"],
      [["sub0_ses0", "sub0_ses1"], "sub0"],
      [["BraTS-GLI-00001-000", "BraTS-GLI-00001-001"], "BraTS-GLI-00001"],
      [["brats_2013_pat0003_1", "brats_2013_pat0003_2"], "brats_2013_pat0003"],
      [["Brats18_TCIA01_131_1", "Brats18_TCIA01_131_2"], "Brats18_TCIA01_131"],
      [["case7_t0", "case7_t1"], "case7"],
      [["case7-visit-1", "case7-visit-2"], "case7"],
      [["case7_left", "case7_right"], "case7"],
      [["case7_L", "case7_R"], "case7"],
    ] as const
  ) assert.deepEqual(patients(ids), ids.map(() => patient), ids.join());
});

test("assignPatients() leaves names of single scans alone", () => {
  for (
    const ids of [
      ["hippocampus_001", "hippocampus_003"],
      ["BRATS_001", "BRATS_002"],
      ["BraTS2021_00000", "BraTS2021_00002"],
      ["prostate_00", "prostate_01"],
      ["TCGA_CS_4941_19960909", "TCGA_CS_4942_19970222"],
      ["Case00", "Case01"],
    ]
  ) {
    assert.deepEqual(patients(ids), ids);
    assert.deepEqual([of(ids).evidence, of(ids).findings], [undefined, []]);
  }
  const study = Array.from({ length: 8 }, (_, i) => `study1_scan${i}`);
  assert.deepEqual(patients(study), study, "one patient for all is a word of the data set's name");
});

test("assignPatients() shows what it saw", () => {
  assert.equal(
    of(["patient1_frame01", "patient1_frame12", "patient2_frame01", "patient2_frame09"]).evidence,
    "2 patients, each with several cases by names, such as patient1_frame01 and patient1_frame12",
  );
  assert.equal(
    of(["a1_t0", "a1_t1", "b1"]).evidence,
    "2 patients, 1 of them with several cases by names, such as a1_t0 and a1_t1",
  );
  assert.equal(of(["xa", "ya"], ".(a)").evidence, "1 patient, each with several cases by --group, such as xa and ya");
});

test("assignPatients() warns of names that look like repeats, and its remedies mend it", () => {
  const ids = ["p01_1", "p01_2", "p02_1", "p02_2", "p03_1"];
  const [warning, ...others] = of(ids).findings;
  assert.deepEqual(others, []);
  assert.deepEqual([warning?.code, warning?.file], ["W09", "p01_1"]);
  assert.equal(
    warning?.found,
    "4 cases whose names look like several scans of 2 patients, such as p01_1 and p01_2",
  );
  const [grouped, apart] = [...(warning?.remedy ?? "").matchAll(/--group '([^']+)'/g)].map((match) => match[1]);
  assert.deepEqual(patients(ids, grouped), ["p01", "p01", "p02", "p02", "p03"]);
  assert.deepEqual(patients(ids, apart), ids);
  assert.deepEqual([of(ids, grouped).findings, of(ids, apart).findings], [[], []]);
  // Many cases with one beginning are of a site.
  const sites = ["site1", "site2"].flatMap((site) => Array.from({ length: 9 }, (_, i) => `${site}_${i}`));
  assert.deepEqual(of(sites).findings, []);
});

test("parseGroup() refuses patterns without a group, and patterns that match nothing", () => {
  assert.throws(() => parseGroup("^case"), {
    name: "UsageFailure",
    message: '--group "^case" captures nothing; put the part of the name that is the patient in parentheses',
  });
  assert.throws(() => of(["a_1"], "^(case)"), {
    name: "UsageFailure",
    message: '--group "^(case)" matches no case, such as a_1; ' +
      "write a pattern whose first group is the patient in such a name",
  });
});

/** The same four volumes of two patients in each layout. */
const LAYOUTS: Readonly<Record<string, (folder: string, ids: readonly string[]) => void>> = {
  msd(folder, ids) {
    for (const id of ids) for (const kind of ["imagesTr", "labelsTr"]) putNifti(folder, `${kind}/${id}.nii.gz`);
    const training = ids.map((id) => ({ image: `imagesTr/${id}.nii.gz`, label: `labelsTr/${id}.nii.gz` }));
    put(folder, "dataset.json", { modality: { 0: "MRI" }, labels: { 0: "background", 1: "a" }, training });
  },
  nnunet(folder, ids) {
    for (const id of ids) {
      putNifti(folder, `imagesTr/${id}_0000.nii.gz`);
      putNifti(folder, `labelsTr/${id}.nii.gz`);
    }
    put(folder, "dataset.json", {
      channel_names: { 0: "MRI" },
      labels: { background: 0, a: 1 },
      file_ending: ".nii.gz",
    });
  },
  brats(folder, ids) {
    for (const id of ids) for (const kind of ["t1n", "seg"]) putNifti(folder, `${id}/${id}-${kind}.nii.gz`);
  },
  lgg(folder, ids) {
    for (const id of ids) {
      for (const kind of ["", "_mask"]) {
        putPng(folder, `${id}/${id}_1${kind}.tif`, { data: new Uint8Array(6), width: 3, height: 2 });
      }
    }
  },
  pairs(folder, ids) {
    for (const id of ids) for (const kind of ["images", "masks"]) putNifti(folder, `${kind}/${id}.nii.gz`);
  },
};

for (const [layout, fill] of Object.entries(LAYOUTS)) {
  test(`--group says the patients of ${layout}`, () => {
    withFolder((folder) => {
      fill(folder, ["x-a1", "x-b1", "y-a1", "y-b1"]);
      const found = (group?: string) => openDataset(folder, { layout, group }).cases.map(({ patient }) => patient);
      assert.deepEqual(found(), ["x-a1", "x-b1", "y-a1", "y-b1"]);
      assert.deepEqual(found("^(.)"), ["x", "x", "y", "y"]);
    });
  });
}

test("checkDataset() counts patients, and a split of the folder that leaks by name has a remedy that works", () => {
  withFolder((folder) => {
    for (const [split, id] of [["train", "p1_t0"], ["train", "p2_t0"], ["val", "p1_t1"]] as const) {
      putNifti(folder, `images/${split}/${id}.nii.gz`, {
        data: new Float32Array(24).fill(id.charCodeAt(1) + split.length),
      });
      putNifti(folder, `masks/${split}/${id}.nii.gz`, { data: maskOf(1) });
    }
    const report = checkDataset(folder);
    assert.deepEqual([report.cases, report.patients], [3, 2]);
    assert.deepEqual(report.errors.map(({ code, file }) => [code, file]), [["E10", "patient p1"]]);
    assert.equal(
      report.errors[0]?.remedy,
      "correct the split: what is trained on cannot be scored, or add --group '(.+)' if every case is a patient of its own",
    );
    const mended = checkDataset(folder, { group: "(.+)" });
    assert.deepEqual([mended.errors, mended.patients, mended.patientEvidence], [[], 3, undefined]);
  });
});

test("findLeaks() warns of a patient on two sides of the split that a run was begun with", () => {
  withFolder((folder) => {
    LAYOUTS["msd"]?.(folder, ["p1_t0", "p1_t1", "p2_t0"]);
    putNifti(folder, "imagesTr/p1_t1.nii.gz", { data: new Float32Array(24) });
    const index = openDataset(folder);
    const split = { train: ["p1_t0"], val: ["p1_t1"] };
    const choose = (begun: boolean) => chooseSplit(index, { fold: 0, folds: 5, seed: 0, splits: [split], begun });
    assert.throws(() => choose(false), /^FindingFailure: patient p1: found it in train and in val/);
    assert.deepEqual(choose(true).val.map(({ id }) => id), ["p1_t1"]);
    assert.deepEqual(findLeaks(index, split, { begun: true }).map(({ code, file }) => [code, file]), [
      ["W07", "patient p1"],
    ]);
  });
});
