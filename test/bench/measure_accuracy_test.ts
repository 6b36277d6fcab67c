import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type BenchRequest, runBench } from "../../src/commands/run_bench.ts";
import { readBenchReport } from "../../src/bench/bench_report.ts";
import { described, modelOf, withMetadata } from "../../src/model/model.ts";
import { silentReporter } from "../../src/reporter.ts";
import { inFolder } from "../commands/run_program.ts";
import { putLesions } from "../deployment/made_lesions.ts";

const CONTEXT = { reporter: silentReporter, signal: new AbortController().signal };

const REQUEST = { kitResult: undefined, backend: undefined, batch: 1, warmUp: 0, duration: 0, target: undefined };

function request(model: string, input: string, minimumDice: number | undefined): BenchRequest {
  const absent = { dimensions: undefined, trtexec: undefined, provider: undefined };
  return { ...REQUEST, ...absent, threads: 1, model, input, minimumDice };
}

test("runBench() passes a model that reaches --min-dice, and tells what a whole volume takes", async () => {
  await inFolder(async (folder) => {
    const { model, dataset } = putLesions(folder);
    const { report, lines, failed } = await runBench(request(model, dataset, 0.9), CONTEXT);
    assert.equal(failed, false);
    assert.deepEqual(report.accuracy, { dice: 1, minimumDice: 0.9, cases: 2, split: "all" });
    assert.equal(lines.at(-1), "Dice 1.000 on 2 cases: at least 0.9 is asked for");
    assert.equal(report.volume?.slices, 2);
    // A volume of two slices takes longer than the stages of one.
    const { pre, net, post } = report.stages ?? { pre: NaN, net: NaN, post: NaN };
    assert.ok((report.volume?.ms ?? 0) > pre + net + post);
    const path = join(folder, "bench.json");
    writeFileSync(path, JSON.stringify(report));
    const { volume, accuracy } = readBenchReport(path);
    assert.deepEqual([volume, accuracy], [report.volume, report.accuracy]);
  });
});

test("runBench() fails where a model stays below --min-dice", async () => {
  await inFolder(async (folder) => {
    const { model, dataset } = putLesions(folder);
    const blind = described(modelOf(model, readFileSync(model)));
    const output = { ...blind.metadata.output, threshold: 1 };
    writeFileSync(model, withMetadata(blind, { ...blind.metadata, output }).bytes);
    const { report, lines, failed } = await runBench(request(model, dataset, 0.5), CONTEXT);
    assert.deepEqual([failed, report.accuracy?.dice], [true, 0]);
    assert.equal(lines.at(-1), "Dice 0.000 on 2 cases, where at least 0.5 is asked for");
    const { report: unasked } = await runBench(request(model, dataset, undefined), CONTEXT);
    assert.equal(unasked.accuracy, undefined);
  });
});
