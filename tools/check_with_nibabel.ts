/**
 * Lets nibabel write scans of many kinds, predicts them with an identity network, and lets nibabel read the masks: affine,
 * codes, sizes, version, byte order and every voxel must be those of the scan.
 *
 *     deno run -A tools/check_with_nibabel.ts [python = python3] [scans = 60]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { predictCases } from "../src/prediction/predict_cases.ts";
import { findCases } from "../src/prediction/prediction_cases.ts";
import { modelOf } from "../src/model/model.ts";
import { createPredictor } from "../src/prediction/predictor.ts";
import { Random } from "../src/random.ts";
import { silentReporter } from "../src/reporter.ts";
import { identityModel } from "../test/prediction/identity_model.ts";
import { randomScan } from "../test/prediction/random_scans.ts";

const WRITE = `
import json, sys, numpy, nibabel
folder = sys.argv[1]
for i, scan in enumerate(json.load(open(folder + "/scans.json"))):
    kind = i % 6
    affine = numpy.array(scan["affine"]).reshape(4, 4)
    data = numpy.array(scan["data"], dtype=[numpy.int16, numpy.float32, numpy.uint8][i % 3]).reshape(scan["shape"], order="F")
    image_class = nibabel.Nifti2Image if kind == 1 else nibabel.Nifti1Pair if kind == 2 else nibabel.Nifti1Image
    header = image_class.header_class(endianness=">" if kind == 3 else "<")
    header.set_data_dtype(data.dtype)
    image = image_class(data, affine, header)
    if kind == 4:  # the qform alone
        image.set_sform(None, 0)
        image.set_qform(affine, 1)
    if kind == 5:  # an sform that differs from the qform
        image.set_qform(numpy.diag([1, 1, 1, 1]), 2)
        image.set_sform(affine, 4)
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, f"{folder}/{scan['id']}" + (".img" if kind == 2 else ".nii" if i % 4 == 0 else ".nii.gz"))
`;

const COMPARE = `
import glob, json, sys, numpy, nibabel
folder, faults = sys.argv[1], []
scans = json.load(open(folder + "/scans.json"))
for scan in scans:
    source = nibabel.load([p for p in glob.glob(f"{folder}/{scan['id']}.*") if not p.endswith(".hdr")][0])
    mask = nibabel.load(glob.glob(f"{folder}/masks/{scan['id']}.*")[0])
    a, b = source.header, mask.header
    same = {
        "affine": numpy.array_equal(source.affine, mask.affine),
        "voxels": numpy.array_equal(numpy.asanyarray(source.dataobj), numpy.asanyarray(mask.dataobj)),
        "datatype": mask.get_data_dtype() == numpy.uint8,
        "orientation": nibabel.aff2axcodes(source.affine) == nibabel.aff2axcodes(mask.affine),
        "sizes": numpy.array_equal(a.get_zooms(), b.get_zooms()),
        "units": a.get_xyzt_units() == b.get_xyzt_units(),
        "codes": (int(a["sform_code"]), int(a["qform_code"])) == (int(b["sform_code"]), int(b["qform_code"])),
        "sform": all(numpy.array_equal(a[k], b[k]) for k in ("srow_x", "srow_y", "srow_z")),
        "qform": all(numpy.array_equal(a[k], b[k]) for k in ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z")),
        "version": int(a["sizeof_hdr"]) == int(b["sizeof_hdr"]),
        "byte order": a.endianness == b.endianness,
    }
    faults += [f"{scan['id']}: {name}" for name, equal in same.items() if not equal]
print(f"nibabel {nibabel.__version__}: {len(scans)} masks, {len(faults)} faults")
print("\\n".join(faults[:20]))
sys.exit(1 if faults else 0)
`;

const python = process.argv[2] ?? "python3";
const count = Number(process.argv[3] ?? 60);
const folder = mkdtempSync(join(tmpdir(), "nibabel-"));
try {
  const scans = Array.from({ length: count }, (_, seed) => ({ id: `scan_${seed}x`, ...randomScan(new Random(seed)) }));
  const listed = scans.map(({ id, volume }) => ({
    id,
    shape: volume.shape,
    affine: volume.affine,
    data: [...volume.data],
  }));
  writeFileSync(join(folder, "scans.json"), JSON.stringify(listed));
  execFileSync(python, ["-c", WRITE, folder], { stdio: "inherit" });
  for (const { id, plane, size } of scans) {
    const { bytes, metadata } = identityModel({ size, plane });
    const predictor = await createPredictor({ ...modelOf("model.onnx", bytes), metadata }, { threads: 1 });
    const file = readdirSync(folder).find((name) => name.startsWith(`${id}.`) && !name.endsWith(".hdr")) as string;
    await predictCases(predictor, findCases([join(folder, file)], { metadata, reporter: silentReporter }), {
      folder: join(folder, "masks"),
      overlay: false,
      probabilities: false,
      force: false,
      reporter: silentReporter,
      signal: new AbortController().signal,
    });
    await predictor.release();
  }
  execFileSync(python, ["-c", COMPARE, folder], { stdio: "inherit" });
} catch (error) {
  console.error(error instanceof Error ? error.message.split("\n")[0] : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
