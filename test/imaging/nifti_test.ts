import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { readNifti, readNiftiHeader } from "../../src/imaging/nifti.ts";
import { scalingAffine } from "../../src/imaging/volume.ts";
import { putSparseNifti, withFolder } from "../data/made_folders.ts";
import { gzip, inFolder, niftiFile, niftiHeader, packed } from "./made_files.ts";

/** code, DataView setter, bytes, values that use the whole range, expected array. */
const TYPES = [
  ["uint8", 2, "setUint8", 1, [0, 1, 127, 128, 255, 7], Uint8Array],
  ["int8", 256, "setInt8", 1, [0, 1, 127, -128, -1, 7], Int8Array],
  ["uint16", 512, "setUint16", 2, [0, 1, 256, 32768, 65535, 7], Uint16Array],
  ["int16", 4, "setInt16", 2, [0, 1, 256, -32768, 32767, -7], Int16Array],
  ["uint32", 768, "setUint32", 4, [0, 1, 65536, 2147483648, 4294967295, 7], Uint32Array],
  ["int32", 8, "setInt32", 4, [0, 1, 65536, -2147483648, 2147483647, -7], Int32Array],
  ["float32", 16, "setFloat32", 4, [0, -0.5, 1.5, 1e30, -1e-30, Math.fround(0.1)].map(Math.fround), Float32Array],
  ["float64", 64, "setFloat64", 8, [0, -0.5, 1.5, 1e300, -1e-300, 0.1], Float64Array],
  ["small int64", 1024, "setBigInt64", 8, [0n, 1n, -1n, 2147483647n, -2147483648n, 7n], Int32Array],
  ["int64", 1024, "setBigInt64", 8, [0n, 1n, -1n, 9007199254740991n, -9007199254740991n, 4294967296n], Float64Array],
  ["small uint64", 1280, "setBigUint64", 8, [0n, 1n, 2n, 2147483647n, 5n, 7n], Int32Array],
  ["middle uint64", 1280, "setBigUint64", 8, [0n, 1n, 2147483648n, 4294967295n, 5n, 7n], Float64Array],
  ["uint64", 1280, "setBigUint64", 8, [0n, 1n, 2147483648n, 9007199254740991n, 4294967296n, 7n], Float64Array],
] as const;

for (const [name, datatype, setter, size, values, expected] of TYPES) {
  test(`readNifti() reads ${name} in both versions and byte orders, plain and compressed`, () => {
    inFolder((path) => {
      for (const version of [1, 2] as const) {
        for (const littleEndian of [true, false]) {
          const voxels = packed([...values], { setter, size, littleEndian });
          const file = niftiFile({ version, littleEndian, datatype, dim: [3, 3, 1, 2], voxOffset: 560 }, voxels);
          for (const [ending, bytes] of [["nii", file], ["nii.gz", gzip(file)]] as const) {
            const { volume, geometry } = readNifti(path(`a.${ending}`, bytes));
            assert.equal(volume.data.constructor, expected);
            assert.deepEqual(Array.from(volume.data), values.map(Number));
            assert.deepEqual([volume.shape, volume.channels], [[3, 1, 2], 1]);
            assert.deepEqual([geometry.version, geometry.littleEndian], [version, littleEndian]);
          }
        }
      }
    });
  });
}

test("readNifti() knows compressed files by their first bytes, not by their name", () => {
  inFolder((path) => {
    const file = niftiFile({ dim: [3, 2, 1, 1] }, Uint8Array.of(3, 4));
    assert.deepEqual([...readNifti(path("plain.nii.gz", file)).volume.data], [3, 4]);
    assert.deepEqual([...readNifti(path("packed.nii", gzip(file))).volume.data], [3, 4]);
  });
});

test("readNifti() reads header and image of a pair from either name", () => {
  inFolder((path) => {
    path("a.hdr", niftiHeader({ dim: [3, 2, 1, 1], magic: "ni1", voxOffset: 3 }));
    path("a.img", Uint8Array.of(0, 0, 0, 5, 6));
    path("b.hdr.gz", gzip(niftiHeader({ version: 2, dim: [3, 2, 1, 1], magic: "ni2", voxOffset: 0 })));
    path("b.img.gz", gzip(Uint8Array.of(7, 8)));
    assert.deepEqual([...readNifti(path("a.hdr")).volume.data], [5, 6]);
    assert.deepEqual([...readNifti(path("a.img")).volume.data], [5, 6]);
    assert.deepEqual([...readNifti(path("b.hdr.gz")).volume.data], [7, 8]);
    assert.deepEqual([...readNifti(path("b.img.gz")).volume.data], [7, 8]);
  });
});

test("readNifti() scales values, and takes a slope of 0, NaN or infinity as none", () => {
  inFolder((path) => {
    const read = (slope: number, intercept: number) =>
      readNifti(path("a.nii", niftiFile({ dim: [3, 2, 1, 1], slope, intercept }, Uint8Array.of(3, 255)))).volume.data;
    assert.deepEqual(read(2, -1), Float32Array.of(5, 509));
    for (const none of [0, NaN, Infinity]) assert.deepEqual(read(none, 9), Uint8Array.of(3, 255));
    // A label stored as 255 with slope 1/255 is 1 to within the rounding of the header.
    assert.ok(Math.abs((read(1 / 255, 0)[1] as number) - 1) < 1e-6);
    assert.throws(() => read(1, NaN), /scl_inter at byte 116 is NaN/);
  });
});

test("readNifti() takes the fourth or another single axis as channels", () => {
  inFolder((path) => {
    const shapeOf = (dim: number[], count: number) => {
      const { volume } = readNifti(path("a.nii", niftiFile({ dim }, new Uint8Array(count))));
      return [...volume.shape, volume.channels];
    };
    assert.deepEqual(shapeOf([1, 5], 5), [5, 1, 1, 1]);
    assert.deepEqual(shapeOf([2, 5, 4, 9], 20), [5, 4, 1, 1]);
    assert.deepEqual(shapeOf([4, 2, 3, 4, 5], 120), [2, 3, 4, 5]);
    assert.deepEqual(shapeOf([5, 2, 3, 4, 1, 5], 120), [2, 3, 4, 5]);
    assert.deepEqual(shapeOf([7, 2, 3, 4, 1, 1, 1, 1], 24), [2, 3, 4, 1]);
    assert.throws(() => shapeOf([5, 2, 1, 1, 2, 2], 8), /the image has 5 axes \(2×1×1×2×2\); split it/);
  });
});

test("readNifti() chooses the affine as nibabel does", () => {
  inFolder((path) => {
    const sform = [1, 2, 3, 4, -5, 6, 7, 8, 9, 10, -11, 12];
    const oriented = {
      dim: [3, 4, 3, 2],
      pixdim: [-1, 2, 3, 4],
      quaternion: [0.1, 0.2, 0.3],
      offset: [10, 20, 30],
      sform,
    };
    // Computed by nibabel 5.4.2.
    const qform = [
      [1.4799999666213983, -1.5492513835553647, -1.7237789870466562, 10],
      [1.1928342604719482, 2.3999999552965154, 0.26188946074077313, 20],
      [-0.6218894804103061, 0.9164171348946458, -3.599999988079071, 30],
      [0, 0, 0, 1],
    ].flat();
    for (const version of [1, 2] as const) {
      const read = (codes: { qformCode: number; sformCode: number }) =>
        readNiftiHeader(path("a.nii", niftiFile({ version, ...oriented, ...codes }, new Uint8Array(24))));
      const near = (affine: readonly number[], expected: readonly number[]) =>
        expected.forEach((value, i) => assert.ok(Math.abs((affine[i] as number) - value) < 1e-6, `${affine}`));
      near(read({ qformCode: 3, sformCode: 1 }).affine, [...sform, 0, 0, 0, 1]);
      near(read({ qformCode: 1, sformCode: 0 }).affine, qform);
      near(read({ qformCode: 1, sformCode: -1 }).affine, qform);
      // The origin in the centre, the first axis to the left.
      near(read({ qformCode: 0, sformCode: 0 }).affine, [-2, 0, 0, 3, 0, 3, 0, -3, 0, 0, 4, -2, 0, 0, 0, 1]);
      near(read({ qformCode: 9, sformCode: 9 }).affine, [-2, 0, 0, 3, 0, 3, 0, -3, 0, 0, 4, -2, 0, 0, 0, 1]);
    }
  });
});

test("readNifti() gives a rotation where the quaternion is longer than 1 by rounding", () => {
  inFolder((path) => {
    const b = Math.fround(Math.SQRT1_2) + 2 ** -23;
    const file = niftiFile({ dim: [3, 1, 1, 1], qformCode: 1, quaternion: [b, b, 0] }, Uint8Array.of(1));
    const { affine } = readNiftiHeader(path("a.nii", file));
    [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1].forEach((value, i) =>
      assert.ok(Math.abs((affine[i] as number) - value) < 1e-6, `${affine}`)
    );
  });
});

test("readNifti() puts 1 mm in place of a voxel size of 0 and says that the spacing is unknown", () => {
  inFolder((path) => {
    const read = (dim: number[]) =>
      readNifti(path("a.nii", niftiFile({ dim, pixdim: [1, 2, 0, 3] }, new Uint8Array(8)))).volume;
    assert.deepEqual(read([3, 2, 2, 2]).affine, [-2, 0, 0, 1, 0, 1, 0, -0.5, 0, 0, 3, -1.5, 0, 0, 0, 1]);
    assert.deepEqual([read([3, 2, 2, 2]).spacingKnown, read([3, 4, 1, 2]).spacingKnown], [false, true]);
  });
});

test("readNifti() starts at byte 352 where vox_offset points into the header", () => {
  inFolder((path) => {
    const file = niftiFile({ dim: [3, 2, 1, 1] }, Uint8Array.of(8, 9));
    new DataView(file.buffer).setFloat32(108, 348, true);
    assert.deepEqual([...readNifti(path("a.nii", file)).volume.data], [8, 9]);
  });
});

test("readNifti() reads voxels that begin at any byte", () => {
  inFolder((path) => {
    for (
      const [datatype, setter, size] of [[4, "setInt16", 2], [16, "setFloat32", 4], [1024, "setBigInt64", 8]] as const
    ) {
      for (let voxOffset = 352; voxOffset < 361; voxOffset++) {
        for (const littleEndian of [true, false]) {
          const values = datatype === 1024 ? [1n, -2n, 300n] : [1, -2, 300];
          const voxels = packed(values, { setter, size, littleEndian });
          const file = niftiFile({ dim: [3, 3, 1, 1], datatype, littleEndian, voxOffset }, voxels);
          assert.deepEqual([...readNifti(path("a.nii", file)).volume.data], [1, -2, 300]);
          assert.deepEqual([...readNifti(path("a.nii.gz", gzip(file))).volume.data], [1, -2, 300]);
        }
      }
    }
  });
});

test("readNifti() refuses what it cannot read with a sentence that names file, fault and remedy", () => {
  inFolder((path) => {
    const file = niftiFile({ dim: [3, 40, 40, 40] }, Uint8Array.from({ length: 64000 }, (_, i) => (i * i * i) % 65537));
    const compressed = gzip(file);
    const changed = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => i === at ? byte ^ 255 : byte);
    const cases: [RegExp, Uint8Array | undefined][] = [
      [/there is no such file; check the name$/, undefined],
      [/the data end early at byte 0 of the 348-byte header; copy the file again$/, new Uint8Array()],
      [/the data end early at byte 1000 of 64352; copy the file again$/, file.subarray(0, 1000)],
      [/gzip data ends early at byte 5000; copy the file again$/, compressed.subarray(0, 5000)],
      [
        /gzip data is damaged before the check sum at byte \d+ \(incorrect data check\)/,
        changed(compressed, compressed.length - 6),
      ],
      [/this is not a NIfTI file/, new Uint8Array(400)],
      [/the magic at byte 344 is neither/, niftiFile({ dim: [3, 1, 1, 1], magic: "" }, new Uint8Array(1))],
      [
        /the header is that of a \.hdr\/\.img pair/,
        niftiFile({ dim: [3, 1, 1, 1], magic: "ni1" }, new Uint8Array(1)),
      ],
      [/dim\[0\] at byte 40 is 0/, niftiFile({ dim: [0] }, new Uint8Array(1))],
      [/dim\[2\] at byte 44 is -7, and every axis/, niftiFile({ dim: [3, 1, -7, 1] }, new Uint8Array(1))],
      [/dim\[1\] at byte 24 is 0/, niftiFile({ version: 2, dim: [3, 0, 1, 1] }, new Uint8Array(1))],
      [
        /declares an image of 27000000000000 bytes/,
        niftiFile({ version: 2, dim: [3, 30000, 30000, 30000] }, new Uint8Array(1)),
      ],
      [
        /are RGB colours \(datatype 128 at byte 70\)/,
        niftiFile({ dim: [3, 1, 1, 1], datatype: 128 }, new Uint8Array(3)),
      ],
      [/are complex numbers \(datatype 32/, niftiFile({ dim: [3, 1, 1, 1], datatype: 32 }, new Uint8Array(8))],
      [/datatype 77 at byte 70 is unknown/, niftiFile({ dim: [3, 1, 1, 1], datatype: 77 }, new Uint8Array(8))],
      [
        /the sform of the header does not span space/,
        niftiFile({ dim: [3, 1, 1, 1], sformCode: 1, sform: scalingAffine([1, 0, 1]).slice(0, 12) }, new Uint8Array(1)),
      ],
    ];
    cases.forEach(([expected, bytes], i) => {
      const name = path(`${i}.nii`, bytes);
      assert.throws(() => readNifti(name), (error: unknown) => {
        assert.ok(error instanceof Failure, `${error}`);
        assert.ok(error.message.startsWith(`Cannot read ${name}: `), error.message);
        assert.match(error.message, expected);
        assert.match(error.message, /^[^;]+; [^;]+$/);
        return true;
      }, `${expected}`);
    });
    assert.throws(() => readNifti(path(".")), /this is (not a file|a folder); name the file itself$/);
  });
});

test("readNifti() does not expand compressed data beyond what the header declares", () => {
  inFolder((path) => {
    const bomb = gzip(niftiFile({ dim: [3, 10, 1, 1] }, new Uint8Array(50_000_000)));
    assert.throws(() => readNifti(path("a.nii.gz", bomb)), /expands beyond the 362 bytes that the header declares/);
    const liar = gzip(niftiFile({ dim: [3, 2000, 1000, 1000] }, new Uint8Array(10)));
    assert.throws(() => readNifti(path("b.nii.gz", liar)), /cannot hold the 2000000352 bytes/);
  });
});

test("readNiftiHeader() reads only the beginning of a compressed file", () => {
  inFolder((path) => {
    const noise = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
    const file = gzip(niftiFile({ dim: [3, 100, 100, 10], pixdim: [1, 2, 2, 5], units: 10 }, noise));
    const geometry = readNiftiHeader(path("a.nii.gz", file.subarray(0, 4000)));
    assert.deepEqual([geometry.shape, geometry.spatialUnit, geometry.datatype], [[100, 100, 10], "mm", "uint8"]);
    assert.throws(() => readNifti(path("a.nii.gz")), /gzip data ends early at byte 4000/);
    assert.equal(readFileSync(path("a.nii.gz")).length, 4000);
  });
});

const enough = freemem() > 6 * 2 ** 30 ? {} : { skip: "less than 6 GiB of memory are free" };

test("readNifti() reads an uncompressed file of more than 2³¹ bytes", enough, () => {
  withFolder((folder) => {
    const shape = [1200, 1200, 1500] as const;
    const { volume } = readNifti(putSparseNifti(folder, "large.nii", { shape, last: 7 }));
    assert.deepEqual([volume.data.length, volume.data[0], volume.data.at(-1)], [1200 * 1200 * 1500, 0, 7]);
  });
});
