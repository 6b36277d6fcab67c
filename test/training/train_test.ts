import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { readSplits, type Split } from "../../src/data/splits.ts";
import { readDescribedModel } from "../../src/model/model.ts";
import { silentReporter } from "../../src/reporter.ts";
import { readCheckpoint } from "../../src/training/runs/checkpoint.ts";
import { type EpochRecord, readHistory } from "../../src/training/runs/history.ts";
import type { TrainOptions } from "../../src/training/runs/train_options.ts";
import { runSettings } from "../../src/training/runs/run_settings.ts";
import { startRun } from "../../src/training/runs/train.ts";
import { bestModel, cardOf, filesOf, historyOf, RUN_FILES, trainTiny, trainUntil, withTinyRuns } from "./tiny_runs.ts";

test("train() gives the same bytes for the same settings, and others for another seed", async () => {
  await withTinyRuns(async ({ options }) => {
    const changes: Partial<TrainOptions> = { epochs: 2, augment: "mri", optimizer: "adamw", averageDecay: 0.9 };
    await trainTiny(options("a", changes));
    await trainTiny(options("b", changes));
    await trainTiny(options("c", { ...changes, seed: 1 }));
    assert.deepEqual(filesOf(options("a").out), RUN_FILES);
    assert.deepEqual(bestModel(options("a").out), bestModel(options("b").out));
    assert.deepEqual(historyOf(options("a").out), historyOf(options("b").out));
    assert.notDeepEqual(bestModel(options("a").out), bestModel(options("c").out));
  });
});

test("train() learns: loss falls over the epochs", async () => {
  await withTinyRuns(async ({ options }) => {
    const { trainLoss, epochs, stopped } = await trainTiny(
      options("run", { epochs: 6, learningRate: 0.03, augment: "flips" }),
    );
    const [first] = historyOf(options("run").out) as { trainLoss: number }[];
    assert.deepEqual([epochs, stopped], [6, "epochs"]);
    assert.ok(trainLoss < 0.8 * (first?.trainLoss as number), `${first?.trainLoss} to ${trainLoss}`);
  });
});

test("train() scores every second epoch with validateEvery 2, and the last", async () => {
  await withTinyRuns(async ({ options }) => {
    const chosen = options("seldom", { validateEvery: 2, epochs: 3 });
    const { bestEpoch } = await trainTiny(chosen);
    const scores = (historyOf(chosen.out) as { dice: number | null }[]).map(({ dice }) => dice === null);
    assert.deepEqual(scores, [true, false, false]);
    assert.ok(bestEpoch === 2 || bestEpoch === 3);
  });
});

test("train() without a head learns from targets of the input size, whatever the output size", async () => {
  await withTinyRuns(async ({ options }) => {
    const losses: number[] = [];
    for (const outputSize of [16, 64]) {
      const chosen = options(`to_${outputSize}`, { net: "elu-net", head: "none", outputSize, epochs: 1 });
      await trainTiny(chosen);
      losses.push((historyOf(chosen.out) as { trainLoss: number }[])[0]?.trainLoss as number);
    }
    assert.equal(losses[1], losses[0]);
  });
});

test("train() goes on with the split of the run's splits.json, and makes new ones by patient", async () => {
  await withTinyRuns(async ({ dataset, options }) => {
    const description = readFileSync(join(dataset, "dataset.json"), "utf8");
    const names = {
      phantom_01: "p1_frame01",
      phantom_02: "p1_frame12",
      phantom_03: "p2_frame01",
      phantom_04: "p3_frame01",
    };
    for (const [from, to] of Object.entries(names)) {
      for (const kind of ["imagesTr", "labelsTr"]) {
        renameSync(join(dataset, kind, `${from}.nii.gz`), join(dataset, kind, `${to}.nii.gz`));
      }
    }
    const renamed = description.replaceAll(/phantom_0\d/g, (name) => names[name as keyof typeof names]);
    writeFileSync(join(dataset, "dataset.json"), renamed);
    // As version 0.1.0 split it, which did not know the names of repeated scans.
    const split = { train: ["p1_frame01", "p2_frame01"], val: ["p1_frame12", "p3_frame01"] };
    const { out } = options("old");
    await startRun(
      runSettings(options("old", { epochs: 1 })),
      { reporter: silentReporter, signal: new AbortController().signal },
      split,
    );
    const warnings: string[] = [];
    await trainTiny({ resume: out, version: "0.0.0", epochs: 2 }, {
      ...silentReporter,
      warn: (text) => warnings.push(text),
    });
    assert.equal(historyOf(out).length, 2);
    assert.deepEqual(readSplits(join(out, "splits.json")), [split]);
    assert.match(warnings.join("\n"), /^W07 patient p1: found it in train and in val/m);
    const fresh = options("new", { epochs: 1, folds: 3 });
    await trainTiny(fresh);
    const [{ train: trained, val }] = readSplits(join(fresh.out, "splits.json")) as [Split];
    assert.equal(trained.includes("p1_frame01"), trained.includes("p1_frame12"));
    assert.equal(trained.length + val.length, 4);
  });
});

test("train() stopped within an epoch continues to the same bytes and history", async () => {
  await withTinyRuns(async ({ options }) => {
    const changes: Partial<TrainOptions> = { augment: "mri", optimizer: "sgd", averageDecay: 0.5, clipNorm: 1 };
    await trainTiny(options("whole", changes));
    const { out } = options("parts", changes);
    // Within the first epoch, after its last batch while cases are scored, within the second and the third.
    const stops = ["batch 2/", "epoch 1/3  scoring", "batch 1/", "epoch 3/3  batch 3/"];
    assert.ok(await trainUntil(options("parts", changes), stops[0] as string));
    assert.deepEqual(filesOf(out), ["config.json", "last.checkpoint", "splits.json"]);
    for (const stop of stops.slice(1)) assert.ok(await trainUntil({ resume: out, version: "0.0.0" }, stop), stop);
    const summary = await trainTiny({ resume: out, version: "0.0.0" });
    assert.deepEqual([summary.epochs, summary.stopped], [3, "epochs"]);
    assert.deepEqual(filesOf(out), RUN_FILES);
    assert.deepEqual(bestModel(out), bestModel(options("whole").out));
    assert.deepEqual(historyOf(out), historyOf(options("whole").out));
    assert.equal(cardOf(out), cardOf(options("whole").out));
    const [a, b] = [out, options("whole").out].map((run) => readCheckpoint(join(run, "last.checkpoint")));
    assert.deepEqual(a?.arrays, b?.arrays);
  });
});

test("train() writes a model card with the scores of the best epoch and the hash of the model", async () => {
  await withTinyRuns(async ({ options }) => {
    const { out } = options("run");
    const { bestEpoch, validation } = await trainTiny(
      options("run", { epochs: 2, learningRate: 0.05, loss: "dice-bce", stepsPerEpoch: 20 }),
    );
    const card = cardOf(out);
    const digest = createHash("sha256").update(bestModel(out)).digest("hex");
    assert.ok(card.endsWith(`| best.onnx | ${digest} |\n`), card);
    for (const row of ["| data set | Phantom |", "| cases | 4 |", `| epoch | ${bestEpoch} |`, "| fold | 0 of 2 |"]) {
      assert.ok(card.includes(`${row}\n`), row);
    }
    const scores = /^\| lesion \| 2 \| (\S+) \| \[(\S+), (\S+)\] \| (\S+) \|/m.exec(card)?.slice(1) ?? [];
    const { dice, iou } = validation as { dice: number; iou: number };
    assert.deepEqual([scores[0], scores[3]], [dice.toFixed(3), iou.toFixed(3)]);
    assert.ok(Number(scores[1]) <= dice + 5e-4 && dice - 5e-4 <= Number(scores[2]), card);
    const { card: inside = "", training } = readDescribedModel(join(out, "best.onnx")).metadata;
    assert.equal(card.replace(/\| best\.onnx \| .*\n$/, ""), inside);
    assert.equal((training["validation"] as { cases: number }).cases, 2);
  });
});

test("train() tells the loss on the validation cases, without augmentation and with running averages", async () => {
  await withTinyRuns(async ({ folder, options }) => {
    const splitFile = join(folder, "splits_final.json");
    const ids = ["phantom_01", "phantom_02", "phantom_03", "phantom_04"];
    writeFileSync(splitFile, JSON.stringify([{ train: ids.slice(0, 2), val: ids.slice(2) }]));
    const run = options("run", { epochs: 3, splitFile, augment: "none", stepsPerEpoch: 8, learningRate: 0.02 });
    await trainTiny(run);
    const history = readHistory(join(run.out, "history.jsonl"));
    const losses = history.map(({ validationLoss }) => validationLoss ?? NaN);
    assert.ok(losses.every((loss) => loss > 0), losses.join());
    assert.ok((losses[2] as number) < (losses[0] as number), losses.join());
    const last = history[2] as EpochRecord;
    assert.ok(Math.abs((last.validationLoss as number) - last.trainLoss) < 0.5 * last.trainLoss, JSON.stringify(last));
  });
});

test("train() may go on for more epochs", async () => {
  await withTinyRuns(async ({ options }) => {
    await trainTiny(options("whole", { epochs: 4, schedule: "constant" }));
    const { out } = options("grown");
    await trainTiny(options("grown", { epochs: 2, schedule: "constant" }));
    const done = await trainTiny({ resume: out, version: "0.0.0" });
    assert.deepEqual([done.epochs, done.stopped], [2, "epochs"]);
    const summary = await trainTiny({ resume: out, version: "0.0.0", epochs: 4 });
    assert.equal(summary.epochs, 4);
    assert.deepEqual(bestModel(out), bestModel(options("whole").out));
    assert.deepEqual(historyOf(out), historyOf(options("whole").out));
    assert.equal(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).epochs, 4);
  });
});

test("train() stops where the score does not rise, also when it is resumed", async () => {
  await withTinyRuns(async ({ options }) => {
    const still: Partial<TrainOptions> = { learningRate: 1e-20, freezeNormalization: true, patience: 2 };
    // While nothing is found there is no score that could rise.
    const nothing = await trainTiny(options("nothing", { ...still, epochs: 4 }));
    assert.deepEqual([nothing.epochs, nothing.stopped, nothing.validation.dice], [4, "epochs", 0]);
    const start = options("start", { epochs: 2, learningRate: 0.05, loss: "dice-bce", stepsPerEpoch: 20 });
    const { model: init, validation } = await trainTiny(start);
    assert.ok((validation.dice ?? 0) > 0);
    // Nothing changes, so that no epoch is better than the first.
    const changes: Partial<TrainOptions> = { ...still, init, epochs: 9 };
    const notes: string[] = [];
    const whole = await trainTiny(options("whole", changes), { ...silentReporter, note: (text) => notes.push(text) });
    const lines = notes.filter((text) => text.startsWith("epoch "));
    const dice = validation.dice?.toFixed(3);
    // The first of equal scores is kept.
    assert.deepEqual(lines.map((line) => /Dice ([^ ]+( \(best\))?)/.exec(line)?.[1]), [`${dice} (best)`, dice, dice]);
    assert.deepEqual([whole.epochs, whole.bestEpoch, whole.stopped], [3, 1, "patience"]);
    const { out } = options("parts");
    assert.ok(await trainUntil(options("parts", changes), "epoch 2/9  batch 1/"));
    const parts = await trainTiny({ resume: out, version: "0.0.0" });
    assert.deepEqual([parts.epochs, parts.bestEpoch, parts.stopped], [3, 1, "patience"]);
    const longer = await trainTiny({ resume: out, version: "0.0.0", patience: 4 });
    assert.deepEqual([longer.epochs, longer.bestEpoch, longer.stopped], [5, 1, "patience"]);
  });
});

test("train() stops after the epoch in which its time is over", async () => {
  await withTinyRuns(async ({ options }) => {
    const summary = await trainTiny(options("run", { epochs: 50, timeBudgetSeconds: 0.01 }));
    assert.deepEqual([summary.epochs, summary.stopped], [1, "time-budget"]);
    assert.ok(summary.seconds >= 0.01);
    // The time before counts.
    const again = await trainTiny({ resume: options("run").out, version: "0.0.0" });
    assert.deepEqual([again.epochs, again.stopped], [1, "time-budget"]);
    // However seldom it validates, there is a model in the end.
    const seldom = options("seldom", { epochs: 50, validateEvery: 100, timeBudgetSeconds: 0.01 });
    const { epochs, stopped } = await trainTiny(seldom);
    assert.deepEqual([epochs, stopped, bestModel(seldom.out).length > 0], [1, "time-budget", true]);
  });
});

test("train() that diverges names step, level and learning rate, and keeps the last good state", async () => {
  await withTinyRuns(async ({ options }) => {
    // Decay beyond all bounds multiplies the weights by −1.6 at every step.
    const changes: Partial<TrainOptions> = {
      optimizer: "sgd",
      momentum: 0,
      learningRate: 1,
      weightDecay: 2.6,
      epochs: 30,
    };
    const { out } = options("run");
    await assert.rejects(trainTiny(options("run", { ...changes, schedule: "constant" })), (error: Error) => {
      assert.equal(error.name, "Failure");
      assert.match(
        error.message,
        /^Training stopped: (the loss of level \d became (NaN|-?Infinity)|\S+ became NaN or infinite|the weights became NaN or infinite) in epoch [2-9], step \d+, at learning rate 1\.00e\+0; .*last\.checkpoint holds the last good state; start anew with a smaller --learning-rate or with --clip-norm$/,
      );
      return true;
    });
    const { arrays, epoch } = readCheckpoint(join(out, "last.checkpoint"));
    assert.ok(epoch >= 2);
    for (const [name, values] of Object.entries(arrays)) assert.ok(values.every(Number.isFinite), name);
    assert.ok(existsSync(join(out, "best.onnx")));
  });
});

test("train() refuses to continue with other settings, other data or a damaged checkpoint", async () => {
  await withTinyRuns(async ({ options, dataset }) => {
    const { out } = options("run");
    await trainTiny(options("run", { epochs: 1 }));
    const resume = { resume: out, version: "0.0.0", epochs: 2 };
    const refused = (message: RegExp) => assert.rejects(trainTiny(resume), { name: "Failure", message });

    const checkpoint = join(out, "last.checkpoint");
    const bytes = readFileSync(checkpoint);
    const damaged = (change: (copy: Uint8Array<ArrayBuffer>) => Uint8Array) =>
      writeFileSync(checkpoint, change(Uint8Array.from(bytes)));
    damaged((copy) => {
      copy[copy.length >> 1] = (copy[copy.length >> 1] as number) ^ 1;
      return copy;
    });
    await refused(/^Cannot read .*last\.checkpoint: its checksum does not fit its content; copy the run folder again$/);
    damaged((copy) => copy.subarray(0, copy.length - 100));
    await refused(/checksum does not fit/);
    damaged((copy) => copy.subarray(0, 5));
    await refused(/it is no checkpoint of this version of seg/);
    damaged(() => new Uint8Array(0));
    await refused(/it is no checkpoint of this version of seg/);
    writeFileSync(checkpoint, bytes);

    const config = join(out, "config.json");
    const text = readFileSync(config, "utf8");
    writeFileSync(config, text.replace('"learningRate": 0.003', '"learningRate": 0.002'));
    await refused(
      /^Cannot continue .*: .*config\.json has other settings than those it was trained with; undo the change/,
    );
    writeFileSync(config, text.slice(0, 30));
    await refused(/^Cannot read .*config\.json: .*; give the folder of a run to --resume$/);
    writeFileSync(config, text);

    const mask = join(dataset, "labelsTr", "phantom_01.nii.gz");
    const original = readFileSync(mask);
    writeFileSync(mask, withLargerLesion(original));
    await refused(/^Cannot continue .*: .*data has changed since it was trained; restore the data set/);
    writeFileSync(mask, original);
    assert.equal((await trainTiny(resume)).epochs, 2);
  });
});

/** The mask with one voxel of lesion more. */
function withLargerLesion(compressed: Uint8Array): Uint8Array {
  const raw = gunzipSync(compressed);
  raw[raw.indexOf(0, 400)] = 1;
  return gzipSync(raw);
}

test("train() refuses what it cannot do before it writes anything", async () => {
  await withTinyRuns(async ({ options, dataset }) => {
    const refused = async (changes: Partial<TrainOptions>, message: RegExp) => {
      await assert.rejects(trainTiny(options("run", changes)), { message });
      assert.equal(existsSync(options("run").out), false);
    };
    await refused(
      { batch: 1 },
      /^Cannot train j-net: .*one value per channel has no variance; use a batch of 2 or more/,
    );
    await refused({ loss: "ce" }, /^The loss ce is for several classes, the data set has one: choose one of bce/);
    await refused({ weightDecay: 0.1 }, /^Weight decay 0\.1 does not go with adam/);
    await refused({ classWeights: [1, 2, 3] }, /^Class weights 1, 2, 3 do not fit: expected 2 numbers/);
    await refused({ schedule: "step" }, /^No schedule is called step: choose one of constant/);
    await refused({ augment: "warp" }, /^No augmentation is called warp: choose one of none/);
    await assert.rejects(
      trainTiny({ ...options("run"), out: dataset }),
      /data exists already; choose another --out, or continue/,
    );
    await assert.rejects(trainTiny({ resume: dataset, version: "0.0.0" }), /Cannot read .*config\.json/);
  });
});
