import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createNiftiGeometry, readNifti, writeNiftiMask, writeNiftiVolume } from "../../src/imaging/nifti.ts";
import { inFolder, niftiFile } from "./made_files.ts";

const SFORM = [-1, 0.1, 0, 9, 0.1, 1, 0, -8, 0, 0, 2.5, 7];
const FIELDS = {
  dim: [4, 3, 2, 2, 2],
  pixdim: [-1, 1, 1, 2.5],
  qformCode: 1,
  quaternion: [0.1, 0.2, 0.3],
  offset: [1, 2, 3],
  sformCode: 2,
  sform: SFORM,
  slope: 2,
  intercept: 5,
  calMax: 99,
  units: 10,
};

test("writeNiftiMask() keeps affines, codes, units, version and byte order of the image", () => {
  inFolder((path) => {
    for (const version of [1, 2] as const) {
      for (const littleEndian of [true, false]) {
        const file = niftiFile({ ...FIELDS, version, littleEndian }, new Uint8Array(24));
        const image = readNifti(path("image.nii", file));
        const mask = Uint8Array.from({ length: 12 }, (_, i) => i % 4);
        writeNiftiMask(path("mask.nii.gz"), mask, image.geometry);
        const written = readNifti(path("mask.nii.gz"));
        assert.deepEqual(written.volume.data, mask);
        assert.deepEqual([written.volume.shape, written.volume.channels], [[3, 2, 2], 1]);
        assert.deepEqual(written.volume.affine, image.volume.affine);
        const bytes = gunzipSync(readFileSync(path("mask.nii.gz")));
        const kept = version === 1
          ? [[0, 40], [76, 108], [123, 124], [252, 344]]
          : [[0, 12], [104, 168], [344, 496], [500, 504]];
        for (const [from, to] of kept) assert.deepEqual([...bytes.subarray(from, to)], [...file.subarray(from, to)]);
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const real = (at1: number, at2: number) =>
          version === 1 ? view.getFloat32(at1, littleEndian) : view.getFloat64(at2, littleEndian);
        // scl_slope, scl_inter, cal_max.
        assert.deepEqual([real(112, 176), real(116, 184), real(124, 192)], [1, 0, 0]);
        assert.equal(bytes.length, (version === 1 ? 352 : 544) + 12);
      }
    }
  });
});

test("writeNiftiMask() writes uint16 only where a label is above 255, and the same bytes every time", () => {
  inFolder((path) => {
    const { geometry } = readNifti(path("a.nii", niftiFile({ dim: [2, 2, 1] }, new Uint8Array(2))));
    writeNiftiMask(path("small.nii"), Uint16Array.of(1, 255), geometry);
    assert.deepEqual(readNifti(path("small.nii")).volume.data, Uint8Array.of(1, 255));
    writeNiftiMask(path("large.nii.gz"), Uint16Array.of(1, 256), geometry);
    assert.deepEqual(readNifti(path("large.nii.gz")).volume.data, Uint16Array.of(1, 256));
    writeNiftiMask(path("again.nii.gz"), Uint16Array.of(1, 256), geometry);
    const bytes = readFileSync(path("large.nii.gz"));
    assert.deepEqual(bytes, readFileSync(path("again.nii.gz")));
    assert.deepEqual([...bytes.subarray(4, 8)], [0, 0, 0, 0]);
    // A flat image stays one of two axes.
    assert.equal(readFileSync(path("small.nii")).readInt16LE(40), 2);
    assert.throws(() => writeNiftiMask(path("b.nii"), new Uint8Array(3), geometry), /3 values for a grid of 2×1×1×1/);
    assert.throws(() => writeNiftiMask(path("b.png"), new Uint8Array(2), geometry), /ends in \.nii or \.nii\.gz/);
  });
});

test("writeNiftiVolume() writes every array type with channels along the fourth axis", () => {
  inFolder((path) => {
    const affine = [0, -2, 0, 5, 3, 0, 0, 6, 0, 0, 4, 7, 0, 0, 0, 1];
    const kinds = [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array];
    for (const Kind of kinds) {
      const data = Kind.from(Array.from({ length: 24 }, (_, i) => i * 5));
      const volume = { data, shape: [3, 2, 2], channels: 2, affine, spacingKnown: true } as const;
      writeNiftiVolume(path("a.nii.gz"), volume);
      const read = readNifti(path("a.nii.gz"));
      assert.deepEqual(read.volume, volume);
      assert.deepEqual([read.geometry.affineSource, read.geometry.spatialUnit], ["sform", "mm"]);
    }
  });
});

test("createNiftiGeometry() writes a qform that agrees with the sform", () => {
  inFolder((path) => {
    for (let turn = 0; turn < 30; turn++) {
      // Rotations about all axes, mirrored every other time.
      const [a, b, c] = [turn * 0.7, turn * 1.1, turn * 0.4];
      const [ca, sa, cb, sb, cc, sc] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), Math.cos(c), Math.sin(c)];
      const rotation = [
        [ca * cb, ca * sb * sc - sa * cc, ca * sb * cc + sa * sc],
        [sa * cb, sa * sb * sc + ca * cc, sa * sb * cc - ca * sc],
        [-sb, cb * sc, cb * cc],
      ];
      const sizes = [2, 0.5, turn % 2 === 0 ? 3 : -3];
      const affine = [
        ...rotation.flatMap((row, i) => [...row.map((value, j) => value * (sizes[j] as number)), i + turn]),
        0,
        0,
        0,
        1,
      ];
      const volume = { data: Uint8Array.of(1), shape: [1, 1, 1], channels: 1, affine, spacingKnown: true } as const;
      const { header } = createNiftiGeometry(volume);
      new DataView(header.buffer).setInt16(254, 0, true);
      writeNiftiVolume(path("a.nii"), volume, { ...createNiftiGeometry(volume), header });
      const read = readNifti(path("a.nii"));
      assert.equal(read.geometry.affineSource, "qform");
      affine.forEach((value, i) => assert.ok(Math.abs(value - (read.volume.affine[i] as number)) < 1e-5));
    }
  });
});
