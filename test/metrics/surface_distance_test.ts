import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scoreCase } from "../../src/metrics/case_scores.ts";
import { cropClass } from "../../src/metrics/mask_pair.ts";
import { type EmptyRule, readLabelPair } from "../../src/metrics/overlap.ts";
import {
  averageSymmetricDistance,
  hausdorff,
  hausdorff95,
  meanAverageDistance,
  normalizedSurfaceDistance,
  type SurfaceDistances,
  surfaceDistances,
  type SurfelDistances,
  surfelDistances,
  surfelHausdorff,
} from "../../src/metrics/surface_distance.ts";
import { sharedPath } from "../shared.ts";
import { TOY_CASES, type ToyCase } from "./toy_cases.ts";

/** NSD as MONAI and MetricsReloaded have it, by counted surface voxels. */
function countedSurfaceShare({ toPrediction, toReference }: SurfaceDistances, tolerance: number): number {
  const distances = [...toPrediction, ...toReference];
  return distances.filter((d) => d <= tolerance).length / distances.length;
}

/** Mean distances weighted by area as surface-distance has them: reference to prediction, prediction to reference. */
function averagesByArea(distances: SurfelDistances): [number, number] {
  const mean = (list: Float64Array, areas: Float64Array) =>
    areas.reduce((sum, area, i) => sum + area * list[i]!, 0) / areas.reduce((sum, area) => sum + area, 0);
  return [
    mean(distances.toPrediction, distances.referenceAreas),
    mean(distances.toReference, distances.predictionAreas),
  ];
}

function distancesOf(toy: ToyCase) {
  const pair = readLabelPair(toy.reference, toy.prediction, { shape: toy.shape, classes: [{ name: "1", value: 1 }] });
  const masks = cropClass(pair, Uint8Array.of(0, 1));
  assert(masks);
  const edge = surfaceDistances(masks, toy.spacing);
  const surfel = surfelDistances(masks, toy.spacing);
  return {
    hd: hausdorff(edge),
    hd95: hausdorff95(edge),
    hd95Pooled: hausdorff95(edge, "pooled"),
    hd95Surfel: surfelHausdorff(surfel),
    hdSurfel: surfelHausdorff(surfel, 1),
    assd: averageSymmetricDistance(edge),
    masd: meanAverageDistance(edge),
    asdSurfel: averagesByArea(surfel),
    nsdCounted: countedSurfaceShare(edge, toy.tolerance),
    nsd: normalizedSurfaceDistance(surfel, toy.tolerance),
  };
}

function scoresOf(toy: ToyCase, emptyRule: EmptyRule = "nnunet") {
  return scoreCase({
    ...toy,
    spacingMm: toy.spacing,
    classes: [{ name: "object", value: 1 }],
    metrics: ["dice", "iou", "sensitivity", "specificity", "precision", "volume"],
    emptyRule,
  }).rows[0]!;
}

function close(actual: number | null, expected: number, what: string, within = 1.5e-6): void {
  assert(actual !== null && Math.abs(actual - expected) <= within, `${what}: ${actual}, expected ${expected}`);
}

// Columns: HD, HD95 max, pooled, surfel, ASSD, MASD, surfel ASD both ways, NSD counted, NSD by area. From MONAI, MetricsReloaded,
// medpy and surface-distance.
const KNOWN: Record<string, readonly number[]> = {
  A: [2.236068, 2, 2, 2, 1.42387, 1.42387, 1.426992, 1.426992, 0.522727, 0.521355],
  B: [4.031129, 4, 4, 4, 1.729379, 1.729379, 1.13631, 1.13631, 0.545455, 0.745251],
  C: [15.556349, 0, 0, 14.142136, 0.17479, 0.172848, 0, 0.846284, 0.988764, 0.970685],
  G: [24.758837, 22.806871, 21.293863, 22.627417, 3.60469, 3.521955, 2.118968, 4.555199, 0.516667, 0.544791],
  H: [3, 3, 3, 3, 3, 3, 2.5, 2.5, 0, 0],
  I: [0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
  J: [3.741657, 3.162278, 3.162278, 3, 1.739219, 1.737328, 1.434417, 1.322784, 0.617783, 0.779582],
};

for (const toy of TOY_CASES.filter((t) => t.name in KNOWN)) {
  test(`surface distances agree with four other programs in case ${toy.name}`, () => {
    const found = distancesOf(toy);
    const list = [found.hd, found.hd95, found.hd95Pooled, found.hd95Surfel, found.assd, found.masd];
    list.push(...found.asdSurfel, found.nsdCounted, found.nsd);
    for (const [i, value] of list.entries()) close(value, KNOWN[toy.name]![i]!, `column ${i}`);
  });
}

const golden = sharedPath("facts", "metrics-golden.json");
test(
  "every value of the oracle file is met in its own convention",
  golden === undefined ? { skip: "shared data absent" } : {},
  () => {
    const { cases } = JSON.parse(readFileSync(golden!, "utf8"));
    let compared = 0;
    for (const toy of TOY_CASES) {
      const results = cases.find((c: { case: string }) => c.case.startsWith(`${toy.name} `)).results;
      const [plain, one, monai] = [scoresOf(toy), scoresOf(toy, "one"), scoresOf(toy, "monai")];
      const volume = plain.relativeVolumeDifference!;
      const absolute = volume === null ? null : Math.abs(volume);
      const expected: [string, string, number | null | undefined | readonly number[]][] = [
        ["medpy", "ravd", volume],
        ["medpy", "sens", plain.sensitivity],
        ["medpy", "spec", plain.specificity],
        ["medpy", "prec", plain.precision],
        ["monai", "dice(ignore_empty)", monai.dice],
        ["monai", "dice(ignore_empty=False)", one.dice],
        ["monai", "iou", monai.iou],
        ["deepmind", "dice", plain.dice],
        ["MetricsReloaded", "dice", one.dice],
        ["MetricsReloaded", "iou", plain.iou],
        ["MetricsReloaded", "sens", plain.sensitivity],
        ["MetricsReloaded", "spec", plain.specificity],
        ["MetricsReloaded", "avdr", absolute],
      ];
      // medpy's Dice of two empty masks is NaN only by a fault of its own; MetricsReloaded's precision of an empty prediction is 0.
      if (plain.state !== "true_empty") expected.push(["medpy", "dice", plain.dice], ["medpy", "iou", plain.iou]);
      if (plain.state !== "missed") expected.push(["MetricsReloaded", "ppv", plain.precision]);
      if (plain.state === "hit") {
        const d = distancesOf(toy);
        expected.push(
          ["medpy", "hd", d.hd],
          ["medpy", "hd95(union)", d.hd95Pooled],
          ["medpy", "assd", d.assd],
          ["monai", "hd", d.hd],
          ["monai", "hd95(max)", d.hd95],
          ["monai", "asd_sym", d.assd],
          ["monai", "nsd_px", d.nsdCounted],
          ["monai", "nsd_subvox", d.nsd],
          ["deepmind", "hd100", d.hdSurfel],
          ["deepmind", "hd95", d.hd95Surfel],
          ["deepmind", "asd(gt->p,p->gt)", d.asdSurfel],
          ["deepmind", "nsd", d.nsd],
          ["MetricsReloaded", "hd", d.hd],
          ["MetricsReloaded", "hd95", d.hd95],
          ["MetricsReloaded", "assd", d.assd],
          ["MetricsReloaded", "masd", d.masd],
          ["MetricsReloaded", "nsd", d.nsdCounted],
        );
      }
      for (const [library, name, value] of expected) {
        const known = results[library][name];
        const what = `${toy.name} ${library} ${name}`;
        if (Array.isArray(known)) {
          for (const [i, k] of known.entries()) close((value as readonly number[])[i]!, k, what, 1e-4);
        } else if (typeof known === "number") close(value as number | null, known, what);
        else assert.equal(value, null, `${what}: ${known}`);
        compared++;
      }
    }
    assert.equal(compared, 7 * 33 + 15 + 16 + 14);
  },
);
