import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { benchModel, type BenchOptions } from "../../src/bench/bench_model.ts";
import { writePhantom } from "../../src/data/phantom.ts";
import { Failure } from "../../src/failure.ts";
import { Graph } from "../../src/graph/graph.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { encodeModel } from "../../src/graph/onnx/encode.ts";
import { inspect } from "../../src/graph/passes/inspect.ts";
import { importGraph } from "../../src/graph/onnx/import.ts";
import { buildModel } from "../../src/model/build.ts";
import { findTarget } from "../../src/tensorrt/targets.ts";

const folder = mkdtempSync(join(tmpdir(), "seg-bench-"));
after(() => rmSync(folder, { recursive: true }));

const SHORT = { durationSeconds: 0.3, warmUpMs: 0, warmUpRuns: 2, threads: 1 } satisfies Partial<BenchOptions>;

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function reluModel(batch = 1): Uint8Array {
  const graph = new Graph();
  graph.output(graph.apply(relu, [graph.input("x", { elementType: "float32", shape: [batch, 100] })]), "y");
  return encodeModel(graph, { opset: 13 });
}

function fails(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Failure && message.test(error.message);
}

test("benchModel() measures a network on the images of a data set", async () => {
  const { bytes } = buildModel({
    net: "j-net",
    width: 2,
    channels: 1,
    classes: 1,
    inputSize: 16,
    outputSize: 32,
    seed: 0,
    version: "0",
  });
  const model = decodeModel(bytes);
  const metadata = {
    ...model.metadata,
    "seg.input": (model.metadata["seg.input"] as string).replace("channel 0", "phantom"),
  };
  const graph = importGraph(model, { batch: 1 });
  const file = written("net.onnx", encodeModel(graph, { opset: 17, metadata, batchName: "N" }));
  const input = join(folder, "phantom");
  writePhantom(input, { cases: 2, side: 48 });
  const report = await benchModel({ ...SHORT, file, input, target: findTarget("nano") });
  assert.ok(report.samples >= 100);
  const { min, p50, p90, p99, max } = report.latencyMs;
  assert.ok(0 < min && min <= p50 && p50 <= p90 && p90 <= p99 && p99 <= max);
  assert.equal(report.fps, 1000 / report.latencyMs.mean);
  assert.equal(report.flops, inspect(graph).flops);
  assert.ok((report.rooflineFps as number) > 1000, "a network of 1 MFLOP may reach thousands of images per second");
  const { pre, net, post } = report.stages ?? { pre: 0, net: 0, post: 0 };
  assert.ok(pre > 0 && net > 0 && post > 0);
  assert.ok(report.peakMemoryBytes > report.modelMemoryBytes && report.modelMemoryBytes > 0);
  assert.equal(report.backend, "onnxruntime");
});

test("benchModel() measures any other ONNX file, without stage times", async () => {
  const report = await benchModel({ ...SHORT, file: written("relu.onnx", reluModel(2)), batch: 2 });
  assert.deepEqual([report.flops, report.bytes, report.stages], [200, 1600, undefined]);
  assert.match(report.notes.join(), /no stage times: Cannot use .*relu\.onnx: metadata key seg\.version is missing/);
});

test("benchModel() says what is wrong with a file, a batch size and a data set", async () => {
  const file = written("relu.onnx", reluModel());
  await assert.rejects(
    benchModel({ ...SHORT, file: written("bad.onnx", Uint8Array.of(1, 2, 3)) }),
    fails(/^Cannot read .*bad\.onnx: the bytes/),
  );
  await assert.rejects(
    benchModel({ ...SHORT, file: join(folder, "absent.onnx") }),
    fails(/^Cannot read .*absent\.onnx/),
  );
  await assert.rejects(
    benchModel({ ...SHORT, file, batch: 4 }),
    fails(/at batch size 4: its input x holds 1; use --batch 1/),
  );
  await assert.rejects(benchModel({ ...SHORT, file, input: folder }), fails(/metadata key seg\.version is missing/));
});

test("benchModel() passes on what ONNX Runtime says against a model", async () => {
  const bytes = reluModel();
  // Relu of another length: an op that nobody has.
  const place = Buffer.from(bytes).indexOf("Relu", Buffer.from(bytes).indexOf("Relu") + 4);
  assert.ok(place > 0);
  bytes.set(new TextEncoder().encode("Rilu"), place);
  await assert.rejects(
    benchModel({ ...SHORT, file: written("rilu.onnx", bytes) }),
    fails(/^ONNX Runtime refuses .*rilu\.onnx: .*Rilu/),
  );
});

test("benchModel() ends the measured process where it is stopped", async () => {
  const stop = new AbortController();
  const started = benchModel({
    ...SHORT,
    durationSeconds: 60,
    file: written("relu.onnx", reluModel()),
    signal: stop.signal,
  });
  setTimeout(() => stop.abort(new Error("stopped by Ctrl-C")), 200);
  await assert.rejects(started, /stopped by Ctrl-C/);
});
