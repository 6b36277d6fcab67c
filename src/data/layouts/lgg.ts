/** Kaggle "LGG MRI segmentation": a folder per patient with single slices as TIFF (Buda, Saha, Mazurowski 2019). */
import { posix } from "node:path";
import { type Finding, missingImage, missingMask } from "../finding.ts";
import { type Folder, naturalOrder, stemOf } from "../folder.ts";
import type { Layout, LayoutCase } from "../layout.ts";

/** The layout of the Kaggle archive kaggle_3m. */
export const lgg: Layout = {
  looksLike: "one folder per patient with <patient>_1.tif and <patient>_1_mask.tif",
  recognize(folder) {
    const patients = patientFolders(folder);
    const slices = patients.reduce((sum, patient) => sum + patient.images.size, 0);
    const example = patients.find((patient) => [...patient.masks.keys()].some((stem) => patient.images.has(stem)));
    return example && `${patients.length} patient folders such as ${example.path} with ${slices} slices`;
  },
  read(folder) {
    const findings: Finding[] = [];
    const cases: LayoutCase[] = [];
    const paths = new Map<string, string>();
    for (const { path, images, masks } of patientFolders(folder)) {
      const patient = posix.basename(path);
      const twin = paths.get(patient);
      if (twin !== undefined) {
        findings.push({
          code: "E12",
          file: path,
          found: `patient ${patient} for the second time`,
          expected: `only ${twin}`,
          remedy: "the archive holds the data twice: give the folder kaggle_3m itself or remove the copy",
        });
        continue;
      }
      paths.set(patient, path);
      // In order: the files of a folder are listed by their numbers.
      const slices = [];
      for (const [stem, image] of images) {
        const mask = masks.get(stem);
        if (mask) slices.push({ image, mask });
        else findings.push(missingMask(image, `${path}/${stem}_mask.tif`));
      }
      for (const [stem, mask] of masks) {
        if (!images.has(stem)) findings.push(missingImage(mask, `${path}/${stem}.tif`));
      }
      if (slices.length > 0) cases.push({ id: patient, images: [], slices });
    }
    cases.sort((a, b) => naturalOrder(a.id, b.id));
    return {
      channels: ["pre-contrast", "FLAIR", "post-contrast"],
      labels: [{ value: 255, name: "tumour" }],
      regions: [],
      cases,
      findings,
    };
  },
};

interface PatientFolder {
  readonly path: string;
  /** By stem of the image. */
  readonly images: Map<string, string>;
  readonly masks: Map<string, string>;
}

/** Folders with files `<folder>_<slice>.tif` and `<folder>_<slice>_mask.tif`. */
function patientFolders(folder: Folder): PatientFolder[] {
  const patients = new Map<string, PatientFolder>();
  for (const file of folder.files) {
    const path = posix.dirname(file);
    const name = posix.basename(path);
    const stem = stemOf(file);
    if (path === "." || !/\.tiff?$/i.test(file) || !stem.startsWith(`${name}_`)) continue;
    const match = /^(\d+)(_mask)?$/.exec(stem.slice(name.length + 1));
    if (!match) continue;
    const patient = patients.get(path) ?? { path, images: new Map(), masks: new Map() };
    if (match[2]) patient.masks.set(stem.slice(0, -"_mask".length), file);
    else patient.images.set(stem, file);
    patients.set(path, patient);
  }
  return [...patients.values()];
}
