import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createNiftiGeometry, readNifti, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { readRaster } from "../../src/imaging/raster.ts";
import type { Affine } from "../../src/imaging/volume.ts";
import { putPng } from "../data/made_folders.ts";
import { identityModel, type IdentityOptions, markedVolume } from "../prediction/identity_model.ts";
import { runInProcess } from "./run_in_process.ts";
import { inFolder } from "./run_program.ts";

// A turned and flipped grid with thick slices: axes P, S, L of 1.5, 1.5, 4 mm.
const TURNED: Affine = [0, 0, -4, 20, -1.5, 0, 0, 31, 0, 1.5, 0, -12, 0, 0, 0, 1];

function putModel(folder: string, options: IdentityOptions = {}): string {
  const path = join(folder, "model.onnx");
  writeFileSync(path, identityModel({ size: 12, plane: "sagittal", ...options }).bytes);
  return path;
}

function putVolume(path: string, { affine = TURNED, seed = 1 } = {}): Float32Array {
  const volume = markedVolume([12, 10, 6], { affine, seed });
  writeNiftiVolume(path, volume);
  return volume.data;
}

test("seg predict writes masks on the grid of the file, in the label values of the training data", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder, { labels: [{ value: 4, name: "enhancing" }] });
    const input = join(folder, "scan.nii.gz");
    const data = putVolume(input);
    const out = join(folder, "masks");
    const end = await runInProcess(["predict", model, input, "--out", out, "--overlay", "--probabilities", "--json"]);
    assert.equal(end.code, 0, end.stderr);
    const { files } = JSON.parse(end.stdout);
    assert.equal(files.length, 1);
    assert.deepEqual([files[0].input, files[0].output], [input, join(out, "scan.nii.gz")]);
    assert.equal(typeof files[0].milliseconds, "number");
    const { volume, geometry } = readNifti(join(out, "scan.nii.gz"));
    assert.deepEqual([...volume.data], [...data].map((value) => 4 * value));
    assert.deepEqual(volume.affine, readNifti(input).volume.affine);
    assert.equal(geometry.datatype, "uint8");
    const probabilities = readNifti(join(out, "scan_probabilities.nii.gz"));
    assert.equal(probabilities.geometry.datatype, "float32");
    assert.deepEqual(probabilities.volume.affine, volume.affine);
    assert.deepEqual([...probabilities.volume.data].map((value) => Math.round(value)), [...data]);
    assert.deepEqual(
      [...readFileSync(join(out, "scan_overlay.png")).subarray(1, 4)],
      [..."PNG"].map((c) => c.charCodeAt(0)),
    );
    assert.deepEqual(readdirSync(out).sort(), ["scan.nii.gz", "scan_overlay.png", "scan_probabilities.nii.gz"]);
    assert.match(end.stderr, /^Next: seg evaluate --predictions /m);
  });
});

test("seg predict leaves masks that exist, and makes them anew with --force", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder);
    const inputs = [1, 2, 3].map((seed) => {
      const path = join(folder, "in", `p${seed}.nii.gz`);
      mkdirSync(join(folder, "in"), { recursive: true });
      putVolume(path, { seed });
      return path;
    });
    const out = join(folder, "masks");
    const first = await runInProcess(["predict", model, join(folder, "in"), "--out", out, "--part", "2/2", "--json"]);
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(readdirSync(out), ["p2.nii.gz", "part-2-of-2.json"]);
    writeFileSync(join(out, "p2.nii.gz"), "by hand");
    const second = await runInProcess(["predict", model, join(folder, "in"), "--out", out, "--json"]);
    assert.equal(second.code, 0, second.stderr);
    const { files, skipped } = JSON.parse(second.stdout);
    assert.deepEqual(files.map((file: { input: string }) => file.input), [inputs[0], inputs[2]]);
    assert.deepEqual(skipped, [join(out, "p2.nii.gz")]);
    assert.match(second.stderr, /^Warning: 1 mask exists already and was left as it is; --force makes it anew$/m);
    assert.equal(readFileSync(join(out, "p2.nii.gz"), "utf8"), "by hand");
    const third = await runInProcess(["predict", model, join(folder, "in"), "--out", out, "--force"]);
    assert.equal(third.code, 0, third.stderr);
    assert.deepEqual(readNifti(join(out, "p2.nii.gz")).volume.shape, [12, 10, 6]);
  });
});

test("seg predict goes on after a damaged file and ends with exit code 1", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder);
    const [good, bad] = [join(folder, "good.nii.gz"), join(folder, "bad.nii.gz")];
    putVolume(good);
    const bytes = readFileSync(good);
    writeFileSync(bad, bytes.subarray(0, bytes.length / 2));
    const out = join(folder, "masks");
    const end = await runInProcess(["predict", model, bad, good, "--out", out, "--json"]);
    assert.equal(end.code, 1);
    const message = `Cannot read ${bad}: gzip data ends early at byte ${
      Math.floor(bytes.length / 2)
    }; copy the file again`;
    assert.deepEqual(JSON.parse(end.stdout).failures, [{ input: bad, message }]);
    assert.ok(end.stderr.includes(`Warning: ${message}\n`), end.stderr);
    assert.deepEqual(readdirSync(out), ["good.nii.gz"]);
  });
});

test("seg predict refuses bad input with one sentence and leaves no file", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder);
    const volume = join(folder, "scan.nii.gz");
    putVolume(volume);
    const bad = join(folder, "bad.nii.gz");
    writeFileSync(bad, readFileSync(volume).subarray(0, 100));
    const noModel = join(folder, "scan.onnx");
    writeFileSync(noModel, "not a model");
    const threeChannels = join(folder, "rgb.nii.gz");
    const rgb = markedVolume([4, 4, 2], { affine: TURNED, channels: 3 });
    writeNiftiVolume(threeChannels, rgb, createNiftiGeometry(rgb));
    const out = join(folder, "masks");
    const cases: [args: string[], code: number, stderr: RegExp | string][] = [
      [[model, bad], 1, `Cannot read ${bad}: gzip data ends early at byte 100; copy the file again\n`],
      [
        [noModel, volume],
        1,
        /^Cannot read .*scan\.onnx: the bytes are not an ONNX model.*; give a file that ends in \.onnx and is whole\n$/,
      ],
      [
        [model, threeChannels],
        1,
        `${threeChannels}: found 3 channels, expected 1 (channel 0) as the model was trained on; ` +
        "give one file with all channels or files named <case>_0000, <case>_0001, …\n",
      ],
      [
        [model, join(folder, "absent.nii.gz")],
        2,
        /^seg predict: there is no file or folder .*absent\.nii\.gz; check the path\n/,
      ],
      [
        [model],
        2,
        "seg predict: INPUT is missing: volumes (.nii.gz, .nii), slices (.png, .tif), folders of them, or data set folders\n" +
        "Try seg predict --help\n",
      ],
      [
        [model, volume, "--mirror"],
        2,
        "--mirror does not suit a model of sagittal slices: they have no left and right side\n",
      ],
      [
        [model, volume, "--part", "3/2"],
        2,
        /^seg predict: --part: found "3\/2", expected a part such as 2\/4, or auto\/4\n/,
      ],
      [
        [model, volume, "--provider", "cuda"],
        1,
        /^Provider cuda does not run here: .*; with network and an NVIDIA GPU: npm rebuild onnxruntime-node .*\n$/m,
      ],
    ];
    const ends = await Promise.all(cases.map(([args]) => runInProcess(["predict", ...args, "--out", out])));
    ends.forEach(({ code, stdout, stderr }, i) => {
      const [args, expectedCode, expected] = cases[i] as (typeof cases)[number];
      assert.deepEqual([code, stdout], [expectedCode, ""], `${args.join(" ")}: ${stderr}`);
      if (typeof expected === "string") assert.equal(stderr, expected);
      else assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /^ {4}at /m);
    });
    assert.equal(existsSync(out), false);
    const among = await runInProcess(["predict", model, volume, "--out", folder]);
    assert.deepEqual(among, {
      code: 2,
      stdout: "",
      stderr: `--out ${folder} is the folder of ${volume}; choose another folder for the masks\n`,
    });
  });
});

test("seg predict writes PNG masks for PNG slices, with rows and columns as they are", async () => {
  await inFolder(async (folder) => {
    const model = join(folder, "model.onnx");
    writeFileSync(
      model,
      identityModel({ size: 12, plane: "axial", labels: [{ value: 255, name: "foreground" }] }).bytes,
    );
    const data = new Uint8Array(12 * 9);
    for (let row = 1; row < 4; row++) data.fill(1, row * 12 + 2, row * 12 + 7);
    putPng(folder, "in/slice.png", { data, width: 12, height: 9 });
    const end = await runInProcess(["predict", model, join(folder, "in"), "--out", join(folder, "masks")]);
    assert.equal(end.code, 0, end.stderr);
    const mask = readRaster(join(folder, "masks", "slice.png"), { as: "mask" });
    assert.deepEqual([mask.shape, [...mask.data]], [[12, 9, 1], [...data].map((value) => 255 * value)]);
  });
});

test("seg predict warns of voxels unlike those of the training", async () => {
  await inFolder(async (folder) => {
    const model = putModel(folder, { spacing: [0.5, 0.5, 4] });
    const input = join(folder, "scan.nii.gz");
    putVolume(input);
    const { code, stderr } = await runInProcess(["predict", model, input, "--out", join(folder, "masks")]);
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes("scan.nii.gz has voxels of 1.5×1.5×4 mm, the model was trained on 0.5×0.5×4 mm"), stderr);
  });
});
