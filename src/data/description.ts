/** The fields of `dataset.json` that the Decathlon and nnU-Net share. */
import { Failure } from "../failure.ts";
import { isObject } from "../json_object.ts";
import { type Folder, pathInside, stemOf } from "./folder.ts";
import type { LabelDeclaration } from "./layout.ts";
import { shown } from "../shown.ts";

/** True where the listed images carry nnU-Net's channel number `_0000`, in the list or only on the disk (nnU-Net v1). */
export function hasChannelNumbers(folder: Folder): boolean {
  const training = folder.description?.["training"];
  const first: unknown = Array.isArray(training) ? training[0] : undefined;
  const image = isObject(first) && typeof first["image"] === "string" ? stemOf(first["image"]) : "";
  const label = isObject(first) && typeof first["label"] === "string" ? stemOf(first["label"]) : "";
  if (image === "") return false;
  if (image.endsWith("_0000")) return image !== label;
  return folder.files.some((file) => file.startsWith("imagesTr/") && stemOf(file) === `${image}_0000`);
}

/**
 * The pairs of `training[]` as paths inside the folder.
 *
 * @throws {Failure} where an entry is no pair of strings or leaves the folder.
 */
export function trainingPairs(folder: Folder): { image: string; label: string }[] {
  const training = folder.description?.["training"];
  if (!Array.isArray(training)) {
    throw new Failure(`${folder.root}/dataset.json has no list training[]; add the pairs of image and label`);
  }
  return training.map((entry: unknown, index) => {
    const image = isObject(entry) ? entry["image"] : undefined;
    const label = isObject(entry) ? entry["label"] : undefined;
    if (typeof image !== "string" || typeof label !== "string") {
      throw new Failure(
        `dataset.json: training[${index}] is ${shown(entry)}, expected {"image": path, "label": path}; ` +
          `correct the entry`,
      );
    }
    return {
      image: pathInside(folder.root, image, "dataset.json"),
      label: pathInside(folder.root, label, "dataset.json"),
    };
  });
}

/**
 * Names under the keys "0", "1", … in this order.
 *
 * @throws {Failure} where a key of the sequence is missing.
 */
export function readNames(value: unknown, key: string): string[] {
  const names = isObject(value) ? Object.keys(value).map((_, index) => value[String(index)]) : [];
  if (names.length === 0 || !names.every((name) => typeof name === "string")) {
    throw new Failure(
      `dataset.json: ${key} is ${shown(value)}, expected {"0": name, "1": name, …}; correct the entry`,
    );
  }
  return names as string[];
}

/** Labels in the style {"1": "edema"}, without background; undefined where none is declared. */
export function readValueNames(value: unknown): LabelDeclaration[] | undefined {
  if (!isObject(value) || Object.keys(value).length === 0) return undefined;
  const labels = Object.entries(value).map(([key, name]) => ({ value: Number(key), name: String(name) }));
  const wrong = labels.find((label) => !Number.isInteger(label.value) || label.value < 0);
  if (wrong) {
    throw new Failure(
      `dataset.json: labels is ${shown(value)}, expected {"0": "background", "1": name, …}; correct the entry`,
    );
  }
  return labels.filter((label) => label.value !== 0).sort((a, b) => a.value - b.value);
}
