import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { decodeModel } from "../../src/graph/onnx/decode.ts";
import { floats } from "../../src/graph/tensor_type.ts";
import { Random } from "../../src/random.ts";
import { createSession } from "../../src/runtime/session.ts";
import { buildEngine } from "../../src/tensorrt/build_engine.ts";
import { benchArguments, profileArguments } from "../../src/tensorrt/command_line.ts";
import { runEngine } from "../../src/tensorrt/engine_runner.ts";
import type { FailureKind } from "../../src/tensorrt/failures.ts";
import { readLayerInfo } from "../../src/tensorrt/layer_info.ts";
import {
  checkPassport,
  makePassport,
  markFile,
  type Passport,
  passportPath,
  readPassport,
  writePassport,
} from "../../src/tensorrt/passport.ts";
import { readProfile } from "../../src/tensorrt/profile.ts";
import { writeRawInput } from "../../src/tensorrt/raw_input.ts";
import { readTimes } from "../../src/tensorrt/times.ts";
import { probeTrtexec, runTrtexec, type Trtexec } from "../../src/tensorrt/trtexec.ts";
import type { SimulatedVersion } from "../../tools/trtexec_simulator/flag_table.ts";
import { writeSimulator } from "../../tools/trtexec_simulator/wrapper.ts";
import { inScratch, smallModel, writeSmallModel } from "./scratch.ts";

const MASK = { name: "mask", elementType: "float32" } as const;
const IMAGE = { name: "image", elementType: "float32" } as const;

async function buildSmall(
  folder: string,
  options: { readonly batch?: number; readonly version?: SimulatedVersion; readonly precision?: "fp16" | "fp32" } = {},
): Promise<{ trtexec: Trtexec; engine: string }> {
  const trtexec = await probeTrtexec(writeSimulator(folder, { version: options.version ?? "8.2.1" }));
  const engine = join(folder, "net.engine");
  const onnx = writeSmallModel(folder, options.batch ?? 1);
  await buildEngine(trtexec, { onnx, engine, precision: options.precision ?? "fp32", workspaceMiB: 256 });
  return { trtexec, engine };
}

/** The model's own answer, sample by sample, in ONNX Runtime. */
async function expected(samples: Float32Array): Promise<Float32Array> {
  const count = samples.length / 64;
  const session = await createSession(smallModel(count));
  try {
    const { mask } = await session.run({ image: floats(samples, [count, 1, 8, 8]) });
    return mask?.values as Float32Array;
  } finally {
    await session.release();
  }
}

function randomSamples(count: number): Float32Array {
  const random = new Random(3);
  return Float32Array.from({ length: count * 64 }, () => random.normal());
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0);
}

for (const [batch, version] of [[1, "8.2.1"], [2, "8.5.1"], [4, "11.1"]] as const) {
  test(`runEngine() gives the model's outputs with batch size ${batch} on TensorRT ${version}`, async () => {
    await inScratch(async (folder) => {
      const { trtexec, engine } = await buildSmall(folder, { batch, version });
      const samples = randomSamples(3);
      const shape = [batch, 1, 8, 8];
      const outputs = await runEngine(
        trtexec,
        { path: engine, input: { ...IMAGE, shape }, outputs: [{ ...MASK, shape }] },
        samples,
      );
      // Six printed digits: 5e-7 of a value below 1.
      assert.ok(largestDifference(outputs["mask"] ?? new Float32Array(), await expected(samples)) < 2e-6);
    });
  });
}

test("runEngine() sees the rounding of an FP16 engine", async () => {
  await inScratch(async (folder) => {
    const { trtexec, engine } = await buildSmall(folder, { precision: "fp16" });
    const samples = randomSamples(1);
    const shape = [1, 1, 8, 8];
    const outputs = await runEngine(
      trtexec,
      { path: engine, input: { ...IMAGE, shape }, outputs: [{ ...MASK, shape }] },
      samples,
    );
    const difference = largestDifference(outputs["mask"] ?? new Float32Array(), await expected(samples));
    assert.ok(difference > 1e-5 && difference < 5e-3, `difference ${difference}`);
  });
});

test("runEngine() refuses samples and outputs that do not fit", async () => {
  await inScratch(async (folder) => {
    const { trtexec, engine } = await buildSmall(folder);
    const input = { ...IMAGE, shape: [1, 1, 8, 8] };
    const run = (outputs: readonly { name: string; elementType: "float32"; shape: number[] }[], length: number) =>
      runEngine(trtexec, { path: engine, input, outputs }, new Float32Array(length));
    await assert.rejects(
      run([{ ...MASK, shape: [1, 1, 8, 8] }], 100),
      /100 values are no whole number of samples of 64/,
    );
    await assert.rejects(
      run([{ ...MASK, shape: [1, 1, 16, 16] }], 64),
      /mask is 1x1x8x8 where its passport says 1x1x16x16/,
    );
    await assert.rejects(run([{ ...MASK, name: "other", shape: [1, 1, 8, 8] }], 64), /other is absent/);
  });
});

test("writeRawInput() checks what TensorRT 8.2 does not", async () => {
  await inScratch((folder) => {
    const path = join(folder, "in.bin");
    const contract = { ...IMAGE, shape: [1, 1, 2, 2] };
    const values = Float32Array.of(1, -2, 0.5, 4);
    writeRawInput(path, contract, floats(values.subarray(0, 4)));
    assert.deepEqual(new Float32Array(Uint8Array.from(readFileSync(path)).buffer), values);
    assert.throws(() => writeRawInput(path, contract, floats([1])), /1 elements where the engine takes \[1, 1, 2, 2\]/);
    assert.throws(() => writeRawInput(path, contract, floats([1, NaN, 1, 1])), /element 1 is NaN/);
    const integers = { elementType: "int32", shape: [4], values: new Int32Array(4) } as const;
    assert.throws(() => writeRawInput(path, contract, integers), /int32 where the engine takes float32/);
    return Promise.resolve();
  });
});

for (const version of ["8.0.1", "8.2.1", "8.4.1", "8.6.1", "10.3", "10.16", "11.1"] as const) {
  test(`the exports of TensorRT ${version} are read back`, async () => {
    await inScratch(async (folder) => {
      const { trtexec, engine } = await buildSmall(folder, { version });
      const [times, profile, layerInfo] = ["t.json", "p.json", "l.json"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      const { capabilities, program } = trtexec;
      const line = benchArguments(capabilities, { engine, times, warmUpMs: 50, durationSeconds: 0, iterations: 20 });
      const bench = await runTrtexec(program, line);
      assert.equal(bench.failure, undefined);
      const read = readTimes(times, { version: capabilities.version, warmUpMs: 50 });
      // The simulator counts whole queries, the reader goes by the start of the computation: they agree to one query.
      assert.ok(Math.abs(read.latencyMs.length - (bench.log.queries ?? 0)) <= 1);
      assert.equal(read.droppedRows > 0, capabilities.version < 80500);
      const summary = bench.log.performance;
      assert.equal(summary.endToEnd !== undefined, capabilities.version < 80400);
      assert.equal(summary.latency?.percentiles.length, capabilities.version < 80500 ? 1 : 3);
      assert.ok(Math.abs((summary.latency?.min ?? 0) - Math.min(...read.latencyMs)) < 1e-5);
      const profileRun = await runTrtexec(
        program,
        profileArguments(capabilities, { engine, profile, layerInfo, iterations: 5 }),
      );
      assert.equal(profileRun.failure, undefined);
      const layer = readProfile(profile).layers[0];
      assert.equal(layer?.name, "{ForeignNode[small]}");
      assert.equal(layer?.medianMs !== undefined, capabilities.version >= 80400);
      if (capabilities.version >= 80200) assert.deepEqual(readLayerInfo(layerInfo).bindings, ["image", "mask"]);
    });
  });
}

test("an engine of another version or device is explained", async () => {
  await inScratch(async (folder) => {
    const { engine } = await buildSmall(folder);
    const refused = async (kind: FailureKind, version: SimulatedVersion, failure?: string) => {
      const program = writeSimulator(folder, { version, ...(failure !== undefined && { failure }) });
      const run = await runTrtexec(program, [`--loadEngine=${engine}`, "--iterations=1"]);
      assert.equal(run.failure?.kind, kind, run.failure?.sentence);
    };
    await refused("other-version", "8.5.1");
    await refused("other-version", "10.3");
    await refused("other-device", "8.2.1", "other-device");
    writeFileSync(engine, "no engine");
    await refused("other-version", "8.2.1");
  });
});

test("input files that are absent or of another size are explained", async () => {
  await inScratch(async (folder) => {
    const load = async (version: SimulatedVersion, path: string) => {
      const { trtexec, engine } = await buildSmall(folder, { version });
      return (await runTrtexec(trtexec.program, [`--loadEngine=${engine}`, `--loadInputs=image:${path}`])).failure;
    };
    const short = join(folder, "short.bin");
    writeFileSync(short, new Uint8Array(12));
    for (const version of ["8.2.1", "8.6.1"] as const) {
      assert.equal((await load(version, join(folder, "absent.bin")))?.kind, "input-missing");
    }
    const size = await load("8.6.1", short);
    assert.equal(size?.kind, "input-size");
    assert.match(size?.sentence ?? "", /12 bytes where the engine takes 256/);
  });
});

function passportFor(folder: string): { engine: string; passport: Passport } {
  const [engine, onnx] = [join(folder, "net.engine"), join(folder, "net.onnx")];
  writeFileSync(engine, "engine bytes");
  writeFileSync(onnx, smallModel());
  const model = decodeModel(smallModel());
  assert.equal(model.inputs[0]?.name, "image");
  const passport: Passport = {
    format: 1,
    tensorRt: "8.2.1",
    device: "NVIDIA Tegra X1",
    computeCapability: "5.3",
    board: "NVIDIA Jetson Nano Developer Kit",
    jetPack: "4.6.1",
    precision: "fp16",
    simulated: false,
    onnx: markFile(onnx),
    engine: markFile(engine),
    inputs: [{ ...IMAGE, shape: [1, 1, 8, 8] }],
    outputs: [{ ...MASK, shape: [1, 1, 8, 8] }],
    trtexec: ["--onnx=net.onnx"],
  };
  return { engine, passport };
}

test("checkPassport() refuses what cannot be loaded, with the command that rebuilds it", async () => {
  await inScratch((folder) => {
    const { engine, passport } = passportFor(folder);
    assert.equal(markFile(engine).bytes, 12);
    writePassport(engine, passport);
    const read = readPassport(engine);
    assert.deepEqual(read, passport);
    const onnxSha256 = markFile(join(folder, "net.onnx")).sha256;
    checkPassport(engine, read, { tensorRt: 80201, computeCapability: "5.3", onnxSha256 });
    const refused = (check: () => void, message: RegExp) =>
      assert.throws(check, (error) =>
        error instanceof Failure && message.test(error.message) &&
        error.message.endsWith("rebuild it here by seg export net.onnx --trt --target host --fp16"));
    refused(() => checkPassport(engine, read, { tensorRt: 80001 }), /by TensorRT 8\.2\.1 and this machine has 8\.0\.1/);
    refused(
      () => checkPassport(engine, read, { computeCapability: "8.7" }),
      /capability 5\.3 and this machine has 8\.7/,
    );
    refused(() => checkPassport(engine, read, { onnxSha256: "0" }), /another version of net\.onnx/);
    refused(() => checkPassport(engine, { ...read, simulated: true }), /simulator made it/);
    writeFileSync(engine, "other bytes!");
    refused(() => checkPassport(engine, read), /other content/);
    return Promise.resolve();
  });
});

test("makePassport() describes a built engine, which a device then refuses as simulated", async () => {
  await inScratch(async (folder) => {
    const trtexec = await probeTrtexec(writeSimulator(folder));
    const [engine, onnx] = [join(folder, "net.engine"), writeSmallModel(folder)];
    const built = await buildEngine(trtexec, { onnx, engine, precision: "fp16", workspaceMiB: 256 });
    const contract = { ...IMAGE, shape: [1, 1, 8, 8] };
    const passport = makePassport(built, {
      onnx,
      engine,
      precision: "fp16",
      inputs: [contract],
      outputs: [{ ...contract, name: "mask" }],
      jetson: { model: "NVIDIA Jetson Nano Developer Kit", jetPack: "4.6.1" },
    });
    writePassport(engine, passport);
    const read = readPassport(engine);
    assert.deepEqual(read, passport);
    assert.equal(read.tensorRt, "8.2.1");
    assert.equal(read.computeCapability, "5.3");
    assert.equal(read.board, "NVIDIA Jetson Nano Developer Kit");
    assert.ok(read.trtexec.includes("--fp16"));
    assert.throws(() => checkPassport(engine, read), /simulator made it/);
    checkPassport(engine, read, { tensorRt: 80201, allowSimulated: true });
  });
});

test("readPassport() refuses files that are no passport", async () => {
  await inScratch((folder) => {
    const { engine, passport } = passportFor(folder);
    assert.throws(() => readPassport(engine), /Cannot tell what .*net\.engine was built for/);
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [[], /it holds \[\], expected an object/],
      [{ ...passport, format: 2 }, /format is 2, expected 1;/],
      [{ ...passport, precision: "int4" }, /precision is "int4", expected one of fp32, fp16, int8/],
      [{ ...passport, engine: {} }, /engine\.file is missing, expected a text/],
      [{ ...passport, inputs: [] }, /inputs is \[\], expected a list of tensors/],
      [{ ...passport, metadata: { a: 1 } }, /metadata\.a is 1, expected a text/],
      [{ ...passport, kernels: "many" }, /kernels is "many", expected a number from 0/],
      [{ ...passport, work: [{ name: "a", flops: -1, bytes: 0 }] }, /work\[0\]\.flops is -1, expected a number from 0/],
      [
        { ...passport, outputs: [{ name: "m", elementType: "float32", shape: [-1] }] },
        /outputs\[0\]\.shape\[0\] is -1, expected a whole number from 1/,
      ],
    ];
    for (const [value, message] of cases) {
      writeFileSync(passportPath(engine), JSON.stringify(value));
      assert.throws(() => readPassport(engine), (error) => error instanceof Failure && message.test(error.message));
    }
    return Promise.resolve();
  });
});
