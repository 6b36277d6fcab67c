import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { encodePng, readPngImage, readPngMask, writePng } from "../../src/imaging/png.ts";
import { readRaster } from "../../src/imaging/raster.ts";
import { readVolume } from "../../src/imaging/read.ts";
import { Random } from "../../src/random.ts";
import { readTiffImage, readTiffMask } from "../../src/imaging/tiff.ts";
import { inFolder, pngChunk, pngFile, tiffFile } from "./made_files.ts";

test("readPngImage() and readPngMask() read grey of 1 to 16 bits as stored", () => {
  inFolder((path) => {
    const cases = [
      [1, [[0b10100000], [0b01100000]], [1, 0, 1, 0, 1, 1]],
      [2, [[0b11100100], [0b00011000]], [3, 2, 1, 0, 1, 2]],
      [4, [[0x0f, 0x70], [0x12, 0x30]], [0, 15, 7, 1, 2, 3]],
      [8, [[0, 128, 255], [1, 2, 3]], [0, 128, 255, 1, 2, 3]],
      [16, [[0, 1, 1, 0, 255, 255], [0, 2, 0, 3, 0, 4]], [1, 256, 65535, 2, 3, 4]],
    ] as const;
    for (const [depth, rows, expected] of cases) {
      const name = path("a.png", pngFile({ width: 3, height: 2, depth, colourType: 0, rows }));
      for (const { width, height, channels, data } of [readPngImage(name), readPngMask(name)]) {
        assert.deepEqual([width, height, channels, [...data]], [3, 2, 1, expected], `${depth} bits`);
      }
    }
  });
});

test("readPngImage() puts colours into channels and drops alpha", () => {
  inFolder((path) => {
    const read = (colourType: number, row: number[]) => {
      const name = path("a.png", pngFile({ width: 2, height: 1, depth: 8, colourType, rows: [row] }));
      const { channels, data } = readPngImage(name);
      return [channels, [...data]];
    };
    assert.deepEqual(read(2, [1, 2, 3, 4, 5, 6]), [3, [1, 4, 2, 5, 3, 6]]);
    assert.deepEqual(read(4, [1, 255, 2, 0]), [1, [1, 2]]);
    assert.deepEqual(read(6, [1, 2, 3, 255, 4, 5, 6, 0]), [3, [1, 4, 2, 5, 3, 6]]);
  });
});

test("readPngMask() takes palette indices as labels, and readPngImage() looks them up", () => {
  inFolder((path) => {
    const fields = { width: 3, height: 1, depth: 8, colourType: 3, rows: [[2, 0, 1]] };
    const coloured = path("a.png", pngFile({ ...fields, palette: [0, 0, 0, 255, 0, 0, 9, 8, 7] }));
    assert.deepEqual([...readPngMask(coloured).data], [2, 0, 1]);
    assert.deepEqual([...readPngImage(coloured).data], [9, 0, 255, 8, 0, 0, 7, 0, 0]);
    const grey = path("b.png", pngFile({ ...fields, palette: [5, 5, 5, 6, 6, 6, 7, 7, 7] }));
    assert.deepEqual([readPngImage(grey).channels, [...readPngImage(grey).data]], [1, [7, 5, 6]]);
  });
});

test("readPngMask() takes grey saved as colour and refuses colours", () => {
  inFolder((path) => {
    const mask = (row: number[]) =>
      readPngMask(path("a.png", pngFile({ width: 2, height: 1, depth: 8, colourType: 2, rows: [row] })));
    assert.deepEqual([...mask([0, 0, 0, 255, 255, 255]).data], [0, 255]);
    assert.throws(() => mask([0, 0, 0, 255, 0, 0]), /the mask has coloured pixels; save the labels as grey values/);
  });
});

test("readPngImage() reads interlaced images of 8 bits", () => {
  inFolder((path) => {
    // 3 × 2 pixels: pass 1 has (0, 0), pass 4 (2, 0), pass 6 (1, 0), pass 7 row 1.
    const rows = [[10], [30], [20], [40, 50, 60]];
    const fields = { width: 3, height: 2, depth: 8, colourType: 0, rows, interlace: 1 };
    assert.deepEqual([...readPngImage(path("a.png", pngFile(fields))).data], [10, 20, 30, 40, 50, 60]);
    assert.throws(() => readPngImage(path("b.png", pngFile({ ...fields, depth: 4 }))), /interlaced with 4 bits/);
  });
});

test("readPngImage() refuses damage and bombs with a sentence", () => {
  inFolder((path) => {
    const fields = { width: 4, height: 4, depth: 8, colourType: 0, rows: new Array(4).fill([1, 2, 3, 4]) };
    const file = pngFile(fields);
    const flipped = file.map((byte, i) => i === file.length - 20 ? byte ^ 1 : byte);
    const huge = pngFile({ ...fields, width: 100_000, height: 100_000 });
    const bomb = pngFile({ ...fields, compressed: deflateSync(new Uint8Array(50_000_000)) });
    const short = pngFile({ ...fields, compressed: deflateSync(new Uint8Array(19)) });
    const profile = pngChunk("iCCP", new Uint8Array([97, 0, 0, ...deflateSync(new Uint8Array(50_000_000))]));
    const cases: [RegExp, Uint8Array][] = [
      [/the data end early at byte 40; copy the file again/, file.subarray(0, 40)],
      [/the (compressed pixels|PNG data) are damaged/, flipped],
      [/the header declares 100000×100000 pixels/, huge],
      [/the pixels expand beyond the 20 bytes that the header declares/, bomb],
      [/the pixels end at byte 19 of 20/, short],
      [/this is not a PNG file/, new Uint8Array(100)],
      [/colour type 5 with 8 bits/, pngFile({ ...fields, colourType: 5 })],
    ];
    for (const [expected, bytes] of cases) assert.throws(() => readPngImage(path("a.png", bytes)), expected);
    assert.equal(readPngImage(path("b.png", pngFile({ ...fields, extra: [profile] }))).width, 4);
  });
});

test("writePng() writes pixels that are read back, in the same bytes every time", () => {
  inFolder((path) => {
    for (const channels of [1, 3, 4] as const) {
      const data = Uint8Array.from({ length: 6 * channels }, (_, i) => i * 11);
      writePng(path("a.png"), { width: 3, height: 2, data, channels });
      const read = readPngImage(path("a.png"));
      assert.deepEqual([read.width, read.height, read.channels], [3, 2, channels === 1 ? 1 : 3]);
      for (let i = 0; i < 6; i++) assert.equal(read.data[i], data[i * channels]);
      assert.deepEqual(
        encodePng({ width: 3, height: 2, data, channels }),
        encodePng({ width: 3, height: 2, data, channels }),
      );
    }
    assert.throws(
      () => writePng(path("a.png"), { width: 3, height: 3, data: new Uint8Array(6), channels: 1 }),
      RangeError,
    );
  });
});

/** 3 × 3 pixels of 8 bits, one sample. */
const PIXELS = Uint8Array.of(7, 7, 7, 7, 7, 7, 1, 2, 3);
const TAGS = { 256: [3], 257: [3], 258: [8], 259: [1], 262: [1] };

/** Codes of 9 bits, highest bit first. */
function nineBits(codes: readonly number[]): Uint8Array {
  const bits = codes.map((code) => code.toString(2).padStart(9, "0")).join("");
  return Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (byte) => parseInt(byte.padEnd(8, "0"), 2));
}

test("readTiffImage() reads every compression", () => {
  inFolder((path) => {
    const packed: [number, Uint8Array][] = [
      [1, PIXELS],
      // Repeat 7 six times, skip, copy three bytes.
      [32773, Uint8Array.of(251, 7, 128, 2, 1, 2, 3)],
      // Clear, 7, then 258 = "7 7" defined by itself, 259 = "7 7 7", 1, 2, 3, end.
      [5, nineBits([256, 7, 258, 259, 1, 2, 3, 257])],
      [8, deflateSync(PIXELS)],
      [32946, deflateSync(PIXELS)],
    ];
    for (const [compression, piece] of packed) {
      for (const littleEndian of [true, false]) {
        const file = tiffFile({ littleEndian, tags: { ...TAGS, 259: [compression] }, pieces: [piece] });
        const { width, height, channels, data } = readTiffImage(path("a.tif", file));
        assert.deepEqual([width, height, channels, [...data]], [3, 3, 1, [...PIXELS]], `compression ${compression}`);
      }
    }
  });
});

/** LZW as TIFF 6.0 §13 describes the encoder: pieces of the input with a table that starts anew once it is full. */
function lzw(data: Uint8Array): Uint8Array {
  const bits: string[] = [];
  let table = new Map<string, number>();
  let width = 9;
  const emit = (code: number) => bits.push(code.toString(2).padStart(width, "0"));
  const clear = () => {
    emit(256);
    table = new Map();
    for (let code = 0; code < 256; code++) table.set(String.fromCharCode(code), code);
    width = 9;
  };
  clear();
  let piece = "";
  for (const byte of data) {
    const longer = piece + String.fromCharCode(byte);
    if (table.has(longer)) {
      piece = longer;
      continue;
    }
    emit(table.get(piece) as number);
    table.set(longer, table.size + 2);
    // The width grows with the entry before the last that fits: 511, 1023, 2047.
    if (table.size + 2 === 2 ** width) width++;
    piece = String.fromCharCode(byte);
    if (table.size + 2 === 4095) {
      emit(table.get(piece) as number);
      clear();
      piece = "";
    }
  }
  if (piece !== "") emit(table.get(piece) as number);
  emit(257);
  return Uint8Array.from(bits.join("").match(/.{1,8}/g) ?? [], (byte) => parseInt(byte.padEnd(8, "0"), 2));
}

test("readTiffImage() reads LZW codes of 9 to 12 bits and tables that fill up", () => {
  inFolder((path) => {
    const random = new Random(10);
    const pixels = Uint8Array.from({ length: 200 * 100 }, () => random.integer(40));
    const tags = { ...TAGS, 256: [200], 257: [100], 259: [5] };
    assert.deepEqual(readTiffImage(path("a.tif", tiffFile({ tags, pieces: [lzw(pixels)] }))).data, pixels);
  });
});

test("readTiffImage() reads strips, tiles, separate planes, differences and palettes", () => {
  inFolder((path) => {
    const read = (fields: Parameters<typeof tiffFile>[0]) => [...readTiffImage(path("a.tif", tiffFile(fields))).data];
    const [row0, row1, row2] = [PIXELS.subarray(0, 3), PIXELS.subarray(3, 6), PIXELS.subarray(6)];
    assert.deepEqual(read({ tags: { ...TAGS, 278: [1] }, pieces: [row0, row1, row2] }), [...PIXELS]);
    assert.deepEqual(read({ tags: { ...TAGS, 278: [2] }, pieces: [PIXELS.subarray(0, 6), row2] }), [...PIXELS]);
    const tiles = [[1, 2, 4, 5], [3, 0, 6, 0], [7, 8, 0, 0], [9, 0, 0, 0]].map((tile) => Uint8Array.from(tile));
    assert.deepEqual(
      read({ tags: { ...TAGS, 322: [2], 323: [2] }, pieces: tiles, pieceTags: [324, 325] }),
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    const rgb = { 256: [2], 257: [1], 258: [8, 8, 8], 259: [1], 262: [2], 277: [3] };
    assert.deepEqual(read({ tags: rgb, pieces: [Uint8Array.of(1, 2, 3, 4, 5, 6)] }), [1, 4, 2, 5, 3, 6]);
    const planes = [[1, 4], [2, 5], [3, 6]].map((plane) => Uint8Array.from(plane));
    assert.deepEqual(read({ tags: { ...rgb, 284: [2] }, pieces: planes }), [1, 4, 2, 5, 3, 6]);
    assert.deepEqual(read({ tags: { ...rgb, 317: [2] }, pieces: [Uint8Array.of(1, 2, 3, 255, 0, 1)] }), [
      1,
      0,
      2,
      2,
      3,
      4,
    ]);
    const palette = Array.from({ length: 768 }, (_, i) => (i % 256) * 257);
    assert.deepEqual(read({ tags: { ...TAGS, 262: [3], 320: palette }, pieces: [PIXELS] }), [...PIXELS]);
    // White is zero.
    assert.deepEqual(read({ tags: { ...TAGS, 262: [0] }, pieces: [PIXELS] }), [...PIXELS].map((value) => 255 - value));
  });
});

test("readTiffImage() reads 1, 16 and 32 bits, signed and float, in both byte orders", () => {
  inFolder((path) => {
    const tags = { 256: [2], 257: [1], 259: [1], 262: [1] };
    const read = (bits: number, format: number, littleEndian: boolean, piece: Uint8Array) =>
      readTiffImage(
        path("a.tif", tiffFile({ littleEndian, tags: { ...tags, 258: [bits], 339: [format] }, pieces: [piece] })),
      )
        .data;
    for (const littleEndian of [true, false]) {
      const bytes = (set: (view: DataView) => void, length: number) => {
        const view = new DataView(new ArrayBuffer(length));
        set(view);
        return new Uint8Array(view.buffer);
      };
      assert.deepEqual(
        read(
          16,
          1,
          littleEndian,
          bytes((v) => (v.setUint16(0, 65535, littleEndian), v.setUint16(2, 258, littleEndian)), 4),
        ),
        Uint16Array.of(65535, 258),
      );
      assert.deepEqual(
        read(16, 2, littleEndian, bytes((v) => (v.setInt16(0, -2, littleEndian), v.setInt16(2, 258, littleEndian)), 4)),
        Int16Array.of(-2, 258),
      );
      assert.deepEqual(
        read(
          32,
          3,
          littleEndian,
          bytes((v) => (v.setFloat32(0, -2.5, littleEndian), v.setFloat32(4, 1e9, littleEndian)), 8),
        ),
        Float32Array.of(-2.5, 1e9),
      );
      assert.deepEqual(read(1, 1, littleEndian, Uint8Array.of(0b01000000)), Uint8Array.of(0, 1));
    }
  });
});

test("readTiffMask() refuses colours, and readTiffImage() damage and bombs", () => {
  inFolder((path) => {
    const read = (tags: Record<number, number[]>, piece: Uint8Array) =>
      readTiffImage(path("a.tif", tiffFile({ tags: { ...TAGS, ...tags }, pieces: [piece] })));
    const rgb = { 256: [1], 257: [1], 258: [8, 8, 8], 262: [2], 277: [3] };
    path("rgb.tif", tiffFile({ tags: { ...TAGS, ...rgb }, pieces: [Uint8Array.of(1, 2, 3)] }));
    assert.throws(() => readTiffMask(path("rgb.tif")), /the mask has coloured pixels/);
    assert.throws(() => read({}, PIXELS.subarray(0, 5)), /the pixels at row 0, column 0 have 5 of 9 bytes/);
    assert.throws(
      () => read({ 259: [8] }, deflateSync(new Uint8Array(10_000_000))),
      /compressed pixels at byte 8 are damaged/,
    );
    assert.throws(() => read({ 259: [5] }, nineBits([256, 7, 400])), /LZW code 400 has no meaning after 1 bytes/);
    assert.throws(() => read({ 259: [6] }, PIXELS), /compression 6 is not uncompressed, PackBits, LZW or Deflate/);
    assert.throws(
      () => read({ 256: [8000], 257: [8000] }, PIXELS),
      /bytes cannot hold the 64000000 that the header declares/,
    );
    assert.throws(() => read({ 256: [100_000], 257: [100_000] }, PIXELS), /declares 100000×100000 pixels/);
    assert.throws(() => read({ 258: [12] }, PIXELS), /samples of 12 bits/);
    const file = tiffFile({ tags: TAGS, pieces: [PIXELS] });
    assert.throws(() => readTiffImage(path("b.tif", file.subarray(0, 30))), /the data end early at byte 30/);
    assert.throws(() => readTiffImage(path("b.tif", new Uint8Array(30))), /this is not a TIFF file/);
  });
});

test("readRaster() gives a volume of one slice without spacing, and readVolume() goes by the ending", () => {
  inFolder((path) => {
    const png = path("a.PNG", pngFile({ width: 3, height: 2, depth: 8, colourType: 0, rows: [[1, 2, 3], [4, 5, 6]] }));
    const { volume, geometry } = readVolume(png, { as: "image" });
    assert.deepEqual([volume.shape, volume.channels, [...volume.data]], [[3, 2, 1], 1, [1, 2, 3, 4, 5, 6]]);
    assert.deepEqual([volume.spacingKnown, geometry], [false, undefined]);
    assert.equal(
      readVolume(path("b.tiff", tiffFile({ tags: TAGS, pieces: [PIXELS] })), { as: "mask" }).volume.shape[0],
      3,
    );
    assert.throws(() => readRaster(path("a.jpg"), { as: "mask" }), /JPEG compression changes the labels of a mask/);
    assert.throws(
      () => readRaster(path("a.jpeg"), { as: "image" }),
      /JPEG images are not read; convert the image to PNG/,
    );
    assert.throws(
      () => readVolume(path("a.dcm"), { as: "image" }),
      /the ending of its name is unknown; convert it to one of/,
    );
  });
});
