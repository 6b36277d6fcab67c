import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runEvaluation } from "../../src/evaluation/run_evaluation.ts";
import { METRICS } from "../../src/metrics/scores.ts";
import { escapeHtml } from "../../src/report/markup.ts";
import { type ReportOptions, tryReport, writeReport } from "../../src/report/write_report.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { trainTiny, trainUntil, withTinyRuns } from "../training/tiny_runs.ts";
import { HOSTILE, putEvaluation, putHostileEvaluation } from "./made_evaluation.ts";

const CONTEXT = { reporter: silentReporter, signal: new AbortController().signal };

async function reportText(folder: string, options: Partial<ReportOptions> = {}): Promise<string> {
  const { path } = await writeReport(folder, { programs: ["seg test"], ...options }, CONTEXT);
  return readFileSync(path, "utf8");
}

function hashes(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== "report.html").sort().map((name) =>
    `${name} ${createHash("sha256").update(readFileSync(join(folder, name))).digest("hex")}`
  );
}

test("writeReport() shows curves, cases, pictures and origin of a run, and changes nothing else", async () => {
  await withTinyRuns(async ({ options, dataset }) => {
    const { out } = options("run");
    await trainTiny(options("run", { learningRate: 0.02, epochs: 4 }));
    const before = hashes(out);
    const text = await reportText(out);
    assert.deepEqual(hashes(out), before);
    for (const title of ["Loss of each level", "Dice of the validation cases", "Learning rate", "Roofline"]) {
      assert.ok(text.includes(title), title);
    }
    assert.match(text, /Finished: all 4 epochs are done/);
    const images = text.match(/<img [^>]*alt="[^"]+" src="data:image\/png;base64,/g) ?? [];
    assert.equal(images.length, 2);
    const model = createHash("sha256").update(readFileSync(join(out, "best.onnx"))).digest("hex");
    const { val } = JSON.parse(readFileSync(join(out, "splits.json"), "utf8"))[0];
    for (const expected of [model, ...val, "stepsPerEpoch", dataset]) assert.ok(text.includes(expected), expected);
    assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(text));
    assert.ok(text.length < 3e6);
    // Without the data the curves remain, and a sentence says what is missing.
    rmSync(dataset, { recursive: true });
    const alone = await reportText(out);
    assert.match(alone, /No scores by case: there is no /);
    assert.match(alone, /Loss of each level/);
  });
});

test("writeReport() draws masks of an evaluation, and tells where they are not those of its scores", async () => {
  await withTinyRuns(async ({ dataset, folder }) => {
    const [out, predictions] = [join(folder, "scores"), join(folder, "masks")];
    cpSync(join(dataset, "labelsTr"), predictions, { recursive: true });
    const options = { metrics: METRICS, emptyRule: "nnunet", hd95Variant: "max", out, force: false } as const;
    const { document } = await runEvaluation(dataset, { predictions }, options, CONTEXT);
    assert.equal((await reportText(out)).match(/<img /g)?.length, 3);
    const path = join(out, "metrics.json");
    const cases = document.cases.map((row) => ({ ...row, falsePositives: row.falsePositives + 1000 }));
    writeFileSync(path, JSON.stringify({ ...document, cases }));
    assert.match(await reportText(out), /No pictures: The masks come out differently now: /);
    writeFileSync(path, JSON.stringify(document));
    for (const name of readdirSync(predictions)) rmSync(join(predictions, name));
    assert.match(await reportText(out), /No pictures: Case phantom_\d+ has no mask any more\. Run seg evaluate /);
  });
});

test("writeReport() says that a run is not finished, before its first epoch too", async () => {
  await withTinyRuns(async ({ options }) => {
    const { out } = options("run");
    assert.ok(await trainUntil(options("run"), "batch 2/"));
    const first = await reportText(out, { seconds: 0 });
    assert.match(first, /This run is not finished<\/strong>: 0 of 3 epochs are done/);
    assert.match(first, /No epoch is finished yet/);
    assert.ok(await trainUntil({ resume: out, version: "0.0.0" }, "epoch 2/3  batch 1/"));
    const second = await reportText(out, { seconds: 0 });
    assert.match(second, /: 1 of 3 epochs are done/);
    assert.match(second, /No scores by case: left out here/);
  });
});

test("writeReport() refuses damaged and missing files of a run with one sentence", async () => {
  await withTinyRuns(async ({ options }) => {
    const { out } = options("run");
    await trainTiny(options("run", { epochs: 1 }));
    const refuses = async (name: string, damage: (path: string) => void, message: RegExp) => {
      const path = join(out, name);
      const whole = readFileSync(path);
      damage(path);
      await assert.rejects(reportText(out, { seconds: 0 }), (error: Error) => {
        assert.equal(error.name, "Failure");
        assert.ok(error.message.includes(path) && message.test(error.message), error.message);
        assert.ok(!error.message.includes("\n"), error.message);
        return true;
      });
      writeFileSync(path, whole);
    };
    await refuses("config.json", rmSync, /^Cannot read .*; restore the file/);
    await refuses("config.json", (path) => writeFileSync(path, "[]"), /it holds \[\], expected an object/);
    await refuses("history.jsonl", rmSync, /^Cannot read .*; restore the file/);
    await refuses(
      "history.jsonl",
      (path) => appendFileSync(path, "{}\n"),
      /line 2 of .*: epoch is missing, expected a whole number from 1/,
    );
    await refuses("history.jsonl", (path) => appendFileSync(path, "{"), /^Cannot read line 2 of .*: it is no JSON/);
    const [record] = readFileSync(join(out, "history.jsonl"), "utf8").split("\n").map((line) =>
      line && JSON.parse(line)
    );
    const further = { ...record, epoch: 2, lossPerLevel: [...record.lossPerLevel, 1] };
    await refuses(
      "history.jsonl",
      (path) => appendFileSync(path, JSON.stringify(further)),
      /line 2 of .* is of 3 levels, expected 2/,
    );
    await refuses(
      "history.jsonl",
      (path) => writeFileSync(path, JSON.stringify({ ...record, lossPerLevel: [] })),
      /line 1 of .*: lossPerLevel is \[\], expected a loss for each level/,
    );
    await refuses(
      "history.jsonl",
      (path) => appendFileSync(path, JSON.stringify({ ...record, epoch: 3 })),
      /line 2 of .* is of epoch 3, expected 2/,
    );
    await refuses("best.onnx", rmSync, /^Cannot read /);
    await refuses("best.onnx", (path) => writeFileSync(path, readFileSync(path).subarray(0, 900)), /^Cannot /);
    await refuses("last.checkpoint", (path) => writeFileSync(path, "x"), /^Cannot read /);
    const warnings: string[] = [];
    writeFileSync(join(out, "config.json"), "{}");
    const reporter = { ...silentReporter, warn: (line: string) => warnings.push(line) };
    assert.equal(await tryReport(out, { programs: [], seconds: 0 }, { ...CONTEXT, reporter }), undefined);
    assert.match(warnings.join("\n"), /^No report: Cannot use .*config\.json: net is missing, expected a text/);
  });
});

test("writeReport() shows hostile names of an evaluation as text", async () => {
  await inFolder(async (folder) => {
    putHostileEvaluation(folder);
    const text = await reportText(folder);
    for (const name of [HOSTILE.case, HOSTILE.other, HOSTILE.class, HOSTILE.subject, HOSTILE.dataset]) {
      assert.ok(text.includes(escapeHtml(name)), name);
      assert.ok(!text.includes(name), name);
    }
    assert.equal(text.match(/<script/g)?.length, 1);
    assert.match(text, /content="default-src &#39;none&#39;; img-src data:; style-src &#39;sha256-/);
    assert.match(text, /true empty/);
    assert.match(text, /77\.78 %/);
    assert.match(text, /No pictures: There is no /);
    // The lowest Dice is first, the case without one last.
    const rows = [
      ...text.matchAll(
        /<tr>\s*<th scope="row"[^>]*>([^<]*)<\/th>\s*<td class="text short (?:hit|missed|true_empty)">/g,
      ),
    ].map((
      [, id],
    ) => id);
    assert.deepEqual(rows, ["case 10", escapeHtml(HOSTILE.other), escapeHtml(HOSTILE.case), "case 9"]);
  });
});

test("writeReport() of thousands of cases stays under 3 MB", async () => {
  await inFolder(async (folder) => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({ case: `case ${i}`, class: "a", dice: (i % 997) / 997 }));
    putEvaluation(folder, rows);
    const text = await reportText(folder);
    assert.match(text, /The 4000 rows with the lowest Dice of 5000/);
    assert.ok(text.length < 3e6, String(text.length));
  });
});

test("writeReport() shows the benchmarks of the folder and those that are named", async () => {
  await inFolder(async (folder) => {
    putHostileEvaluation(folder);
    const latencyMs = { min: 3, mean: 4.2, p50: 4, p90: 5, p99: 7, max: 9, samples: 200, p95: 6, variation: 0.1 };
    const bench = {
      backend: "trtexec",
      device: "NVIDIA Tegra X1",
      model: "best.engine",
      batch: 1,
      latencyMs,
      fps: 238,
    };
    const roof = { device: "nano", precision: "fp16", gflops: 471.9, bandwidthGBs: 25.6 };
    const work = { samples: 200, flops: 2e8, bytes: 5e6, roof, notes: ["The <clock> fell"] };
    writeFileSync(join(folder, "bench.json"), JSON.stringify({ ...bench, ...work }));
    mkdirSync(join(folder, "other"));
    const other = join(folder, "other", "desk.json");
    writeFileSync(other, JSON.stringify({ ...bench, backend: "onnxruntime", samples: 200 }));
    const text = await reportText(folder, { benches: [other] });
    for (const expected of ["bench (trtexec)", "desk (onnxruntime)", "median 4 ms", "Measured on Jetson Nano 4 GB"]) {
      assert.ok(text.includes(expected), expected);
    }
    assert.ok(text.includes("The &lt;clock&gt; fell"));
    for (
      const [damage, fault] of [
        [{ notes: "fell" }, /desk\.json: notes is "fell", expected a list/],
        [{ roof: { ...roof, gflops: 0 } }, /desk\.json: roof\.gflops is 0, expected a number over 0/],
        [{ roof: { ...roof, device: 5 } }, /roof\.device is 5, expected a text/],
      ] as const
    ) {
      writeFileSync(other, JSON.stringify({ ...bench, samples: 200, ...damage }));
      await assert.rejects(reportText(folder, { benches: [other] }), fault);
    }
    writeFileSync(other, "{}");
    await assert.rejects(reportText(folder, { benches: [other] }), /desk\.json: backend is missing/);
  });
});

test("writeReport() refuses a folder of something else, and a metrics.json without states", async () => {
  await inFolder(async (folder) => {
    await assert.rejects(
      reportText(folder),
      /holds neither a run \(config\.json\) nor an evaluation \(metrics\.json\)/,
    );
    putHostileEvaluation(folder);
    const path = join(folder, "metrics.json");
    const document = JSON.parse(readFileSync(path, "utf8"));
    document.cases[1].state = "<b>";
    writeFileSync(path, JSON.stringify(document));
    await assert.rejects(
      reportText(folder),
      /cases\[1\]\.state is "<b>", expected one of hit, .*; give the metrics\.json of seg evaluate --out$/,
    );
    assert.equal(existsSync(join(folder, "report.html")), false);
  });
});
