import assert from "node:assert/strict";
import { test } from "node:test";
import { openDataset } from "../../src/data/dataset.ts";
import { measureParity, paritySentence } from "../../src/deployment/parity.ts";
import type { LogitsRunner } from "../../src/prediction/network.ts";
import { predictorOver } from "../../src/prediction/predictor.ts";
import { silentReporter } from "../../src/reporter.ts";
import { put, putNifti } from "../data/made_folders.ts";
import { inFolder } from "../commands/run_program.ts";
import { identityModel } from "../prediction/identity_model.ts";

/** Two cases of 8×8×2 voxels whose image is their mask: 2×4 voxels in each slice. */
function putDataset(folder: string, foreground: boolean): void {
  const data = new Uint8Array(128);
  const slices = foreground ? 2 : 0;
  for (let z = 0; z < slices; z++) for (let y = 2; y < 4; y++) data.fill(1, 8 * (y + 8 * z) + 2, 8 * (y + 8 * z) + 6);
  for (const id of ["a", "b"]) {
    putNifti(folder, `imagesTr/${id}.nii.gz`, { data: Float32Array.from(data), shape: [8, 8, 2] });
    putNifti(folder, `labelsTr/${id}.nii.gz`, { data, shape: [8, 8, 2] });
  }
  put(folder, "dataset.json", {
    modality: { 0: "MRI" },
    labels: { 0: "background", 1: "lesion" },
    training: ["a", "b"].map((id) => ({ image: `./imagesTr/${id}.nii.gz`, label: `./labelsTr/${id}.nii.gz` })),
    test: [],
  });
}

/** A network that gives back what it sees, changed by `change`. */
function network(change: (logit: number, index: number) => number) {
  const { metadata } = identityModel({ size: 8, labels: [{ value: 1, name: "lesion" }] });
  const run: LogitsRunner = (images) =>
    Promise.resolve({ logits: images.map((value, i) => change(20 * value - 10, i)), classes: 1, size: 8 });
  return predictorOver({ run, batch: 1, release: () => Promise.resolve() }, metadata);
}

async function parityOf(
  change: (logit: number, index: number) => number,
  maximumDiceDrop = 0.005,
  { foreground = true } = {},
) {
  let result: Awaited<ReturnType<typeof measureParity>> | undefined;
  await inFolder(async (folder) => {
    putDataset(folder, foreground);
    const index = openDataset(folder);
    result = await measureParity({
      index,
      cases: index.cases,
      reference: network((logit) => logit),
      candidate: network(change),
      maximumDiceDrop,
      reporter: silentReporter,
      signal: new AbortController().signal,
    });
  });
  assert.ok(result);
  return result;
}

test("measureParity() forgives rounding that changes no voxel", async () => {
  const parity = await parityOf((logit) => logit * 0.9);
  assert.equal(parity.passed, true);
  assert.deepEqual([parity.flippedVoxels, parity.voxels, parity.diceReference, parity.diceCandidate], [0, 256, 1, 1]);
  assert.ok(parity.probabilityError.largest > 1e-5 && parity.probabilityError.largest < 1e-3);
  assert.ok(parity.probabilityError.mean > 0 && parity.probabilityError.mean <= parity.probabilityError.largest);
  assert.deepEqual(parity.cases.map((one) => one.case), ["a", "b"]);
});

test("measureParity() counts flipped voxels and fails where Dice drops too far", async () => {
  // Half of the columns are lost: 4 of the 8 voxels of every slice, Dice 2 · 4 / (4 + 8).
  const parity = await parityOf((logit, i) => i % 8 < 4 ? -10 : logit);
  assert.equal(parity.passed, false);
  assert.equal(parity.flippedVoxels, 16);
  assert.ok(Math.abs(parity.diceDrop - 1 / 3) < 1e-12);
  assert.ok(Math.abs((parity.diceBetween as number) - 2 / 3) < 1e-12);
  assert.match(
    paritySentence(parity),
    /^Parity fails on 2 cases: Dice 0\.6667 where the model has 1\.0000 \(drop 0\.3333 \[0\.3333, 0\.3333\], at most 0\.005 is allowed; worst case a with 0\.3333\), 16 of 256 voxels differ$/,
  );
  assert.equal((await parityOf((logit, i) => i % 8 < 4 ? -10 : logit, 0.4)).passed, true);
  assert.equal((await parityOf((logit, i) => i % 8 < 4 ? -10 : logit, parity.diceDrop)).passed, true, "just allowed");
});

test("measureParity() tells the worst case and the interval of the drop", async () => {
  // The second case alone loses: a network that counts its runs.
  let runs = 0;
  const parity = await parityOf((logit, i) => {
    if (i === 0) runs++;
    return runs > 2 && i % 8 < 4 ? -10 : logit;
  });
  assert.deepEqual(parity.cases.map(({ difference }) => Math.round(1000 * difference)), [0, -333]);
  assert.equal(parity.worst.case, "b");
  assert.ok(Math.abs(parity.worst.diceDrop - 1 / 3) < 1e-12 && Math.abs(parity.diceDrop - 1 / 6) < 1e-12);
  const [low, high] = parity.dropInterval as [number, number];
  assert.ok(low <= parity.diceDrop && parity.diceDrop <= high && low < high);
});

test("measureParity() counts a false alarm on an empty case, and refuses cases with nothing at all", async () => {
  const empty = { foreground: false };
  const alarm = await parityOf((logit, i) => i === 0 ? 10 : logit, 0.005, empty);
  assert.deepEqual([alarm.passed, alarm.diceReference, alarm.diceCandidate], [false, 1, 0]);
  await assert.rejects(parityOf((logit) => logit, 1, empty), /have nothing to find in mask and prediction/);
});

test("measureParity() refuses a network that gives NaN", async () => {
  await assert.rejects(parityOf((logit, i) => i === 63 ? NaN : logit, 1), {
    name: "Failure",
    message:
      "The network gives NaN in slice 0; its weights are damaged, or half precision overflows (export with --no-fp16)",
  });
});
