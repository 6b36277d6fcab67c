/** The runner of the kit, compiled here on a stand-in for TensorRT whose answers are recorded runs of ONNX Runtime. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { deflateSync } from "node:zlib";
import { encode } from "fast-png";
import { Buffer } from "node:buffer";
import type { Normalization } from "../../src/imaging/normalize.ts";
import { readRaster } from "../../src/imaging/raster.ts";
import { scalingAffine, type Volume } from "../../src/imaging/volume.ts";
import { Random } from "../../src/random.ts";
import { hasCompiler } from "../../tools/tensorrt_stand_in/engine_file.ts";
import { compileRunner, framesOf, recordScene, sceneModel, type StandInVersion, startRunner } from "./runner_scene.ts";
import { crc32Of } from "../imaging/crc32.ts";
import { inScratch } from "./scratch.ts";

const programs = mkdtempSync(join(tmpdir(), "seg-runner-"));
after(() => rmSync(programs, { recursive: true, force: true }));
const options = { skip: hasCompiler() ? false : "g++ is not installed: the runner is not tested" };
const runner = (version: StandInVersion = "10.3") => compileRunner(programs, version);

/** Smooth blobs on a field of zeros, as a head in air; whole numbers up to `largest`. */
function picture(
  width: number,
  height: number,
  { largest = 255, samples = 1, seed = 1 } = {},
): Uint8Array | Uint16Array {
  const random = new Random(seed);
  const data = new (largest > 255 ? Uint16Array : Uint8Array)(width * height * samples);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / samples);
    const [x, y] = [(pixel % width) / width - 0.5, Math.floor(pixel / width) / height - 0.5];
    const inside = Math.max(0, 1 - 4 * (x * x + y * y));
    data[i] = Math.round(largest * Math.min(1, inside * (0.6 + 0.4 * random.uniform(0, 1))));
  }
  return data;
}

/** Frames [channels, rows, columns] of the slices of a volume and of nothing else, as float32. */
function randomVolume(
  shape: readonly [number, number, number],
  spacing: readonly [number, number, number],
  channels = 1,
): Volume<Float32Array> {
  const random = new Random(shape[0]);
  const data = Float32Array.from(
    { length: channels * shape[0] * shape[1] * shape[2] },
    () => Math.max(0, random.normal()),
  );
  return { data, shape, channels, affine: scalingAffine(spacing), spacingKnown: true };
}

/** Writes PNG files, has seg segment them one by one and the runner all together, and compares the masks. */
async function comparePngs(
  files: Readonly<Record<string, Uint8Array>>,
  model: Parameters<typeof sceneModel>[0],
  version: StandInVersion = "10.3",
) {
  await inScratch(async (folder) => {
    mkdirSync(join(folder, "frames"));
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, "frames", name), bytes);
    const names = Object.keys(files).sort();
    const volumes = names.map((name) => readRaster(join(folder, "frames", name), { as: "image" }));
    const masks = await recordScene(folder, sceneModel(model), { volumes });
    const run = startRunner(runner(version), folder, ["--input", "frames", "--output", "masks"]);
    assert.equal(run.status, 0, run.errors);
    assert.match(run.errors, /stand-in, not TensorRT/);
    assert.deepEqual(readdirSync(join(folder, "masks")).sort(), names);
    for (const [i, name] of names.entries()) {
      const found = readRaster(join(folder, "masks", name), { as: "mask" });
      assert.deepEqual(found.shape, volumes[i]?.shape);
      assert.deepEqual([...found.data], [...masks[i] as Uint8Array], name);
      assert.ok(new Set(masks[i]).size > 1, `${name}: the mask says something`);
    }
  });
}

// Compiling takes seconds: under Deno one version says enough.
for (const version of "Deno" in globalThis ? ["10.3"] as const : ["8.2", "10.3"] as const) {
  test(`the runner gives seg's masks of PNG files with TensorRT ${version}`, options, async () => {
    await comparePngs(
      {
        "a.png": encode({ width: 53, height: 37, data: picture(53, 37), channels: 1 }),
        "b.png": encode({ width: 16, height: 16, data: picture(16, 16, { seed: 2 }), channels: 1 }),
        "c.png": encode({
          width: 41,
          height: 90,
          data: picture(41, 90, { largest: 4000, seed: 3 }),
          channels: 1,
          depth: 16,
        }),
      },
      {},
      version,
    );
  });
}

test("the runner gives seg's masks of several weighted classes", options, async () => {
  const weighted = { activation: "softmax", labels: [2, 7, 9] } as const;
  await comparePngs({ "a.png": encode({ width: 50, height: 61, data: picture(50, 61), channels: 1 }) }, {
    ...weighted,
    metadata: ({ output }) => ({ output: { ...output, classWeights: [1.5, 0.7, 1.1] } }),
  });
  await comparePngs({ "a.png": encode({ width: 50, height: 61, data: picture(50, 61), channels: 1 }) }, {
    activation: "sigmoid",
    labels: [1, 200],
    metadata: ({ output }) => ({ output: { ...output, threshold: 0.4871234567890123 } }),
  });
});

test("the runner writes the last of the regions that overlap, as seg does", options, async () => {
  await comparePngs({ "a.png": encode({ width: 50, height: 61, data: picture(50, 61), channels: 1 }) }, {
    labels: [2, 1, 4],
    metadata: ({ labels }) => ({ labels: labels.map((label) => ({ ...label, values: [label.value, 4] })) }),
  });
});

test("the runner reads PNG files of every kind and compression as seg does", options, async () => {
  const [width, height] = [45, 33];
  const grey = picture(width, height);
  const bits = (depth: number) => {
    const rowBytes = Math.ceil(width * depth / 8);
    const rows = new Uint8Array((rowBytes + 1) * height).map((_, i) =>
      i % (rowBytes + 1) === 0 ? 0 : (i * 2654435761) >>> 24
    );
    return pngOf({ width, height, depth, colourType: 0, rows, level: 9 });
  };
  const filtered = (filter: number, level: number, strategy = 0) => {
    const rows = new Uint8Array((width + 1) * height).map((_, i) =>
      i % (width + 1) === 0 ? filter : (i * 40503) >>> 7 & 31
    );
    return pngOf({ width, height, depth: 8, colourType: 0, rows, level, strategy });
  };
  await comparePngs({
    "bits1.png": bits(1),
    "bits2.png": bits(2),
    "bits4.png": bits(4),
    "filter1.png": filtered(1, 6),
    "filter2.png": filtered(2, 1),
    "filter3.png": filtered(3, 9),
    "filter4.png": filtered(4, 6),
    "fixed.png": filtered(0, 6, 4),
    "grey_alpha.png": encode({ width, height, data: picture(width, height, { samples: 2 }), channels: 2 }),
    "palette.png": pngOf({
      width,
      height,
      depth: 8,
      colourType: 3,
      rows: new Uint8Array((width + 1) * height).map((_, i) => i % (width + 1) === 0 ? 0 : i % 7),
      palette: Uint8Array.from({ length: 21 }, (_, i) => 30 * Math.floor(i / 3)),
      level: 6,
    }),
    "stored.png": filtered(0, 0),
    "typical.png": encode({ width, height, data: grey, channels: 1 }),
  }, { metadata: ({ input }) => ({ input: { ...input, normalization: { mode: "none" } } }) });
  await comparePngs({
    "rgb.png": encode({ width, height, data: picture(width, height, { samples: 3 }), channels: 3 }),
    "rgba16.png": encode({
      width,
      height,
      data: picture(width, height, { samples: 4, largest: 60000 }),
      channels: 4,
      depth: 16,
    }),
  }, { channels: 3 });
});

/** A PNG file with these rows, each behind the number of its filter; `strategy` 4 packs with fixed codes. */
function pngOf(png: {
  width: number;
  height: number;
  depth: number;
  colourType: number;
  rows: Uint8Array;
  level: number;
  strategy?: number;
  palette?: Uint8Array;
}): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, png.width);
  header.setUint32(4, png.height);
  header.setUint8(8, png.depth);
  header.setUint8(9, png.colourType);
  const packed = deflateSync(png.rows, { level: png.level, strategy: png.strategy ?? 0 });
  const half = packed.length >> 1;
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", new Uint8Array(header.buffer)),
    ...(png.palette ? [chunk("PLTE", png.palette)] : []),
    chunk("tEXt", new TextEncoder().encode("a\0b")),
    chunk("IDAT", packed.subarray(0, half)),
    chunk("IDAT", packed.subarray(half)),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length);
  bytes.write(type, 4, "latin1");
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32Of(bytes.subarray(4, 8 + content.length)), 8 + content.length);
  return bytes;
}

/** The slices of a volume as raw frames: one group, so that they are normalized together. */
async function compareVolume(
  volume: Volume,
  model: Parameters<typeof sceneModel>[0],
  words: readonly string[],
  batch = 1,
) {
  await inScratch(async (folder) => {
    const scene = sceneModel({ channels: volume.channels, ...model });
    const { plane } = scene.metadata;
    const [mask] = await recordScene(folder, scene, { volumes: [volume], batch });
    mkdirSync(join(folder, "frames"));
    const frames = framesOf(volume, plane);
    frames.forEach((frame, i) => {
      const name = `slice_${String(i).padStart(2, "0")}.raw`;
      writeFileSync(join(folder, "frames", name), new Uint8Array(frame.buffer));
    });
    const group = ["--group", String(frames.length), "--format", "raw"];
    const run = startRunner(runner(), folder, ["--input", "frames", "--output", "masks", ...group, ...words]);
    assert.equal(run.status, 0, run.errors);
    assert.ok(new Set(mask).size > 1, "the mask says something");
    const expected = framesOf({ ...volume, data: mask as Uint8Array, channels: 1 }, plane);
    expected.forEach((frame, i) => {
      const found = readFileSync(join(folder, "masks", `slice_${String(i).padStart(2, "0")}.raw`));
      assert.deepEqual([...found], [...new Uint8Array(frame.buffer)], `${plane}, slice ${i}`);
    });
  });
}

test("the runner normalizes a group of slices as seg does a volume, in every plane", options, async () => {
  const spacing = [0.9, 1.1, 2.5] as const;
  for (const plane of ["axial", "coronal", "sagittal"] as const) {
    const sides = { axial: "20x17", coronal: "9x17", sagittal: "9x20" }[plane];
    const gap = { axial: "1.1,0.9", coronal: "2.5,0.9", sagittal: "2.5,1.1" }[plane];
    const words = ["--raw", sides, "--spacing", gap];
    await compareVolume(randomVolume([17, 20, 9], spacing, 2), { metadata: () => ({ plane }) }, words);
  }
  const whole = randomVolume([17, 20, 4], spacing);
  const data = Int16Array.from(whole.data, (value) => 1000 * value - 200);
  await compareVolume({ ...whole, data }, {}, ["--raw", "20x17", "--type", "int16", "--spacing", "1.1,0.9"]);
});

test("the runner fills an engine of batch 2 and keeps every number of a range", options, async () => {
  const normalization: Normalization = { mode: "range", low: 0.1, high: 2.7182818284590451 };
  const model = {
    metadata: ({ input }) => ({ input: { ...input, normalization: { ...normalization } } }),
  } satisfies Parameters<typeof sceneModel>[0];
  await compareVolume(randomVolume([24, 24, 5], [1, 1, 1]), model, ["--raw", "24x24"], 2);
});

test("the runner takes a stream of PGM frames and gives masks and times", options, async () => {
  await inScratch(async (folder) => {
    const frames = [1, 2, 3].map((seed) => picture(31, 22, { seed }));
    const affine = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const volumes = frames.map((
      data,
    ) => ({ data, shape: [31, 22, 1], channels: 1, affine, spacingKnown: false } as const));
    const masks = await recordScene(folder, sceneModel({ labels: [300] }), { volumes });
    const stream = Buffer.concat(frames.flatMap((data) => [Buffer.from("P5 # made\n31 22\n255\n"), Buffer.from(data)]));
    const words = ["--input", "-", "--output", "-", "--cuda-graph", "--report", "times.txt"];
    const run = startRunner(runner(), folder, words, stream);
    assert.equal(run.status, 0, run.errors);
    const header = "P5\n31 22\n65535\n";
    masks.forEach((mask, i) => {
      const at = i * (header.length + 2 * 31 * 22);
      assert.equal(run.bytes.toString("latin1", at, at + header.length), header);
      const found = Array.from(mask, (_, pixel) => run.bytes.readUInt16BE(at + header.length + 2 * pixel));
      assert.deepEqual(found, [...mask]);
    });
    assert.match(run.errors, /3 frames in .*with a CUDA graph\n +mean +min +median/);
    const report = readFileSync(join(folder, "times.txt"), "utf8");
    assert.match(report, /^format=1\nframes=3\n/);
    for (const stage of ["preparation", "copy_in", "network", "copy_out", "mask", "end_to_end"]) {
      const [, numbers] = new RegExp(`^${stage}_ms=(.*)$`, "m").exec(report) as unknown as [string, string];
      const [mean, least, median, ninety, most, largest] = numbers.split(" ").map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      assert.ok(least <= median && median <= ninety && ninety <= most && most <= largest, stage);
      assert.ok(least <= mean && mean <= largest, stage);
    }
  });
});

test("the runner joins channels that lie in files of their own", options, async () => {
  await inScratch(async (folder) => {
    const frames = [1, 2].map((seed) => picture(31, 22, { seed }));
    const data = Uint8Array.from(frames.flatMap((frame) => [...frame]));
    const affine = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const volume = { data, shape: [31, 22, 1], channels: 2, affine, spacingKnown: false } as const;
    const [mask] = await recordScene(folder, sceneModel({ channels: 2 }), { volumes: [volume] });
    mkdirSync(join(folder, "frames"));
    frames.forEach((frame, i) =>
      writeFileSync(
        join(folder, "frames", `head_000${i}.png`),
        encode({ width: 31, height: 22, data: frame, channels: 1 }),
      )
    );
    const run = startRunner(runner(), folder, ["--input", "frames", "--output", "masks"]);
    assert.equal(run.status, 0, run.errors);
    assert.deepEqual([...readRaster(join(folder, "masks", "head.png"), { as: "mask" }).data], [...mask as Uint8Array]);
  });
});

test("the runner refuses damaged frames, engines and words with one sentence", options, async () => {
  await inScratch(async (folder) => {
    const png = encode({ width: 53, height: 37, data: picture(53, 37), channels: 1 });
    const affine = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const volume = { data: picture(53, 37), shape: [53, 37, 1], channels: 1, affine, spacingKnown: false } as const;
    await recordScene(folder, sceneModel({}), { volumes: [volume] });
    const program = runner();
    const refused = (words: readonly string[], message: RegExp, status = 1) => {
      const run = startRunner(program, folder, ["--input", "frame.png", ...words]);
      assert.deepEqual([run.status, run.signal], [status, null], run.errors);
      assert.match(run.errors, message);
    };
    writeFileSync(join(folder, "frame.png"), png);
    assert.equal(startRunner(program, folder, ["--input", "frame.png"]).status, 0);
    refused(["--group", "0"], /--group takes a whole number from 1/, 2);
    refused(["--fly"], /unknown or incomplete: --fly/, 2);
    refused(["--raw", "10x10"], /the data end inside a frame|NaN/);
    refused(["--settings", "absent.txt"], /Cannot read absent\.txt: No such file/);
    refused(["--engine", "frame.png"], /TensorRT refuses frame\.png; an engine runs on the TensorRT/);
    for (let length = 0; length < png.length; length += 97) {
      writeFileSync(join(folder, "frame.png"), png.subarray(0, length));
      refused([], /the data end inside a frame|holds no frame|neither PNG nor PGM/);
    }
    for (let at = 8; at < png.length; at += 61) {
      writeFileSync(join(folder, "frame.png"), png.map((byte, i) => i === at ? byte ^ 0x41 : byte));
      refused([], /checksum|damaged|disorder|the data end|header/);
    }
    writeFileSync(
      join(folder, "frame.png"),
      encode({ width: 53, height: 37, data: picture(53, 37, { seed: 9 }), channels: 1 }),
    );
    refused([], /this input was not recorded[^]*gives NaN for frame/);
    writeFileSync(join(folder, "frame.png"), "P5\n99999 99999\n255\n");
    refused([], /declares 99999 x 99999 pixels/);
    const settings = readFileSync(join(folder, "runner.txt"), "utf8");
    writeFileSync(join(folder, "frame.png"), png);
    writeFileSync(join(folder, "runner.txt"), settings.replace("image 1 16", "image 1 32"));
    refused([], /has the tensor image of 1x1x16x16/);
    writeFileSync(join(folder, "runner.txt"), settings.replace(/^labels.*\n/m, ""));
    refused([], /runner\.txt is not the settings of a kit/);
  });
});
