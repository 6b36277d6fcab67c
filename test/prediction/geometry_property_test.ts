import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createNiftiGeometry, readNifti, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { predictCases } from "../../src/prediction/predict_cases.ts";
import { findCases } from "../../src/prediction/prediction_cases.ts";
import { modelOf } from "../../src/model/model.ts";
import { createPredictor } from "../../src/prediction/predictor.ts";
import { Random } from "../../src/random.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { identityModel } from "./identity_model.ts";
import { randomScan } from "./random_scans.ts";

const SCANS = 80;

test("an identity network gives every voxel back, whatever affine, orientation, shape, spacing and plane", async () => {
  for (let seed = 0; seed < SCANS; seed++) {
    const { volume, plane, size } = randomScan(new Random(seed));
    const { bytes, metadata } = identityModel({ size, plane });
    const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
    const { mask } = await predictor.segment(volume);
    await predictor.release();
    const what = `seed ${seed}: ${volume.shape.join("×")}, ${plane}, ${size} pixels`;
    assert.deepEqual([...mask.data], [...volume.data], what);
    assert.deepEqual([mask.shape, mask.affine], [volume.shape, volume.affine], what);
  }
});

test("a file comes back as a mask with every voxel in its place and the very bytes of its geometry", async () => {
  await inFolder(async (folder) => {
    for (let seed = 100; seed < 120; seed++) {
      const random = new Random(seed);
      const { volume, plane, size } = randomScan(random);
      const compressed = random.integer(2) === 0;
      const name = `scan_${seed}.nii${compressed ? ".gz" : ""}`;
      writeNiftiVolume(join(folder, name), volume, createNiftiGeometry(volume));
      const { bytes, metadata } = identityModel({ size, plane });
      const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
      const cases = findCases([join(folder, name)], { metadata, reporter: silentReporter });
      const masks = join(folder, "masks");
      const { files } = await predictCases(predictor, cases, {
        folder: masks,
        overlay: false,
        probabilities: false,
        force: false,
        reporter: silentReporter,
        signal: new AbortController().signal,
      });
      await predictor.release();
      const written = files[0]?.output as string;
      assert.deepEqual([...readNifti(written).volume.data], [...volume.data], name);
      const contentOf = (path: string): Uint8Array => {
        const content = readFileSync(path);
        return compressed ? gunzipSync(content) : content;
      };
      const [image, mask] = [contentOf(join(folder, name)), contentOf(written)];
      // NIfTI-1: dim; pixdim; xyzt_units; qform_code to srow_z.
      for (const [from, to] of [[40, 56], [76, 108], [123, 124], [252, 328]] as const) {
        assert.deepEqual(
          [...mask.subarray(from, to)],
          [...image.subarray(from, to)],
          `${name}, bytes ${from} to ${to}`,
        );
      }
    }
  });
});
