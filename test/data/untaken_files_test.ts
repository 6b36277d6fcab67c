import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkDataset } from "../../src/data/check.ts";
import { type CaseFiles, loadCase, openDataset } from "../../src/data/dataset.ts";
import { findCases } from "../../src/prediction/prediction_cases.ts";
import { silentReporter } from "../../src/reporter.ts";
import { identityModel } from "../prediction/identity_model.ts";
import { maskOf, put, putMsd, putNifti, withFolder } from "./made_folders.ts";

test("checkDataset() counts and names image files that no case takes", () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    assert.deepEqual(checkDataset(folder).warnings.filter(({ code }) => code === "W11"), []);
    for (const path of ["imagesTr/x.mha", "imagesTr/y.NII.GZ", "imagesTr/z.img", "more/a.NRRD", "notes.txt"]) {
      put(folder, path, "");
    }
    put(folder, "imagesTs/test.nii.gz", "");
    put(folder, "a/b/c/d/e/f.nii.gz", "");
    const [found] = checkDataset(folder).warnings.filter(({ code }) => code === "W11");
    assert.equal(
      found?.found,
      "4 image files that no case takes: imagesTr/x.mha, imagesTr/y.NII.GZ, imagesTr/z.img, more/a.NRRD; " +
        "1 folder too deep to be looked into: a/b/c/d/e",
    );
  });
});

test("pairs of .hdr and .img are one image, and endings in capitals are read", () => {
  withFolder((folder) => {
    for (const kind of ["images", "masks"]) {
      putNifti(folder, `${kind}/a1.nii`, { data: kind === "masks" ? maskOf(1) : new Float32Array(24).fill(3) });
      renameSync(join(folder, kind, "a1.nii"), join(folder, kind, "a1.NII"));
      // A header and its voxels, as SPM writes them.
      const data = kind === "masks" ? maskOf(1, 1) : new Float32Array(24).fill(5);
      putPair(folder, `${kind}/b1`, data);
    }
    const { warnings, cases, errors } = checkDataset(folder);
    assert.deepEqual([errors, cases, warnings.filter(({ code }) => code === "W11")], [[], 2, []]);
    const index = openDataset(folder);
    assert.deepEqual(index.cases.map(({ id, images }) => [id, images]), [["a1", ["images/a1.NII"]], ["b1", [
      "images/b1.hdr",
    ]]]);
    const { image, mask } = loadCase(index, index.cases[1] as CaseFiles);
    assert.deepEqual([image.data[23], mask?.data[1]], [5, 1]);
  });
});

/** Splits a NIfTI file into its header and its voxels. */
function putPair(folder: string, stem: string, data: Float32Array | Uint8Array): void {
  putNifti(folder, `${stem}.nii`, { data });
  const bytes = readFileSync(join(folder, `${stem}.nii`));
  bytes.write("ni1", 344, "latin1");
  bytes.writeFloatLE(0, 108);
  writeFileSync(join(folder, `${stem}.hdr`), bytes.subarray(0, 348));
  writeFileSync(join(folder, `${stem}.img`), bytes.subarray(352));
  rmSync(join(folder, `${stem}.nii`));
}

test("findCases() warns of files of a folder that are not read", () => {
  withFolder((folder) => {
    for (const name of ["a.nii.gz", "b.mha", "c.dcm", "d.txt"]) put(folder, name, "");
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (text: string) => warnings.push(text) };
    const cases = findCases([folder], { metadata: identityModel().metadata, reporter });
    assert.deepEqual(cases.map(({ id }) => id), ["a"]);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? "",
      /b\.mha: found 2 image files that no case takes: b\.mha, c\.dcm, expected every image/,
    );
  });
});

const noPipes = process.platform === "win32" ? { skip: "there are no named pipes" } : {};

test("checkDataset() names a pipe in the place of an image and does not open it", noPipes, () => {
  withFolder((folder) => {
    putMsd(folder, { count: 2 });
    for (const id of ["c1", "c2"]) {
      rmSync(join(folder, `imagesTr/${id}.nii.gz`));
      execFileSync("mkfifo", [join(folder, `imagesTr/${id}.nii.gz`)]);
    }
    mkdirSync(join(folder, "more"));
    const { errors } = checkDataset(folder);
    assert.deepEqual(errors.map(({ code, found }) => [code, found]), [
      ["E03", "that this is a named pipe"],
      ["E03", "that this is a named pipe"],
    ]);
  });
});
