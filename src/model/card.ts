/** What a model says of itself to people: a model card (Mitchell et al. 2019, doi 10.1145/3287560.3287596), made from its metadata. */
import { basename } from "node:path";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import { replaceMetadata } from "../graph/onnx/encode.ts";
import { isObject, type JsonObject } from "../json_object.ts";
import { sha256 } from "../sha256.ts";
import { countOf } from "../text.ts";
import { scoresSection } from "./card_scores.ts";
import { list, plain, type Row, section, table } from "./card_text.ts";
import { type Model, withMetadata } from "./model.ts";

/** The file of a card, beside the model. */
export const CARD_FILE = "model-card.md";

/**
 * The model with the card of its metadata in it, and the text for the file beside it; the model itself where it does not say how it is
 * used. Equal bytes give equal bytes.
 *
 * A file cannot hold its own hash: the text beside it alone ends with it. Both hold the hash of the file without its metadata.
 *
 * @param source the file of which the model was made.
 */
export function addModelCard(
  model: Model,
  source?: Pick<Model, "path" | "bytes">,
): { readonly model: Model; readonly card?: string } {
  if (model.metadata === undefined) return { model };
  const { card: _, ...own } = model.metadata;
  const hashes: Record<string, string> = {
    ...(source && { [`source ${basename(source.path)}`]: sha256(source.bytes) }),
    "network without metadata": sha256(replaceMetadata(model.bytes, {})),
  };
  const whole = withMetadata(model, { ...own, hashes, card: modelCard({ ...own, hashes }) });
  const file = basename(model.path);
  return { model: whole, card: modelCard({ ...own, hashes: { ...hashes, [file]: sha256(whole.bytes) } }) };
}

/** The card in Markdown. What the metadata do not say is left out. */
export function modelCard(metadata: ModelMetadata): string {
  const { labels, net, training } = metadata;
  const trained = training["epoch"] !== undefined || Array.isArray(training["members"]);
  const names = labels.map(({ name }) => name).join(", ");
  return [
    `# Model card: ${plain(`${textOf(net["name"] ?? net["net"]) ?? "network"} for ${names}`)}\n`,
    section("Model", table(modelRows(metadata))),
    section("Data", trained ? table(dataRows(metadata)) : "This network is not trained."),
    ...(trained ? [section("Scores", scoresSection(training))] : []),
    section("Intended use", plain(intendedUse(metadata))),
    section("Limits", list(limits(metadata))),
    ...(isObject(metadata.hashes) ? [section("Hashes (SHA-256)", table(hashRows(metadata)))] : []),
  ].join("\n");
}

function modelRows({ version, net, input, output, labels, plane, training, export: exported }: ModelMetadata): Row[] {
  const { name, net: builder, ...settings } = net;
  const members = training["members"];
  const shape = Object.entries(settings).filter(([, value]) => typeof value !== "object").map(([key, value]) =>
    `${words(key)} ${String(value)}`
  );
  return [
    ["network", [textOf(name ?? builder) ?? "unknown", ...shape].join(", ")],
    ...(Array.isArray(members) ? [["members", String(members.length)] as const] : []),
    ...(typeof training["parameters"] === "number" ? [["parameters", String(training["parameters"])] as const] : []),
    ["input", `${input.channels.join(", ")}: ${plane} slices as squares of ${input.size} pixels`],
    ["normalization", pairs({ ...input.normalization })],
    [
      "output",
      `${output.answer}, ${output.activation === "softmax" ? mostProbable(output) : thresholdText(output, labels)}`,
    ],
    ["labels", labels.map(({ value, name, values }) => `${value} ${name}${valuesText(values)}`).join(", ")],
    ...(isObject(exported) ? [["exported", pairs(exported)] as const] : []),
    ["made by", `seg ${version}`],
  ];
}

function mostProbable({ classWeights }: ModelMetadata["output"]): string {
  return `the most probable class${!Array.isArray(classWeights) ? "" : ` after weights of ${classWeights.join(", ")}`}`;
}

function thresholdText(
  { activation, threshold }: ModelMetadata["output"],
  labels: ModelMetadata["labels"],
): string {
  const overlapping = labels.some(({ values }) => values !== undefined);
  return `${activation === "sigmoid" ? "sigmoid, " : ""}a class from ${threshold} on` +
    (overlapping ? "; of regions that overlap the last one is written" : "");
}

/** Of a region that overlaps others: the values that it is made of. */
function valuesText(values: readonly number[] | undefined): string {
  return values === undefined ? "" : ` (${values.join(" + ")})`;
}

function dataRows({ spacing, training }: ModelMetadata): Row[] {
  const { dataset, fingerprint, fold, folds, seed, epoch, settings, ignored } = training;
  const { name, layout, cases, trainingCases } = isObject(dataset) ? dataset : {};
  const validation = Array.isArray(training["validationCases"]) ? training["validationCases"].length : undefined;
  const rows: [string, unknown][] = [
    ["data set", name],
    ["layout", layout],
    ["cases", cases],
    ["of them for training", trainingCases],
    ["of them for validation", validation],
    ["fold", typeof fold === "number" && typeof folds === "number" ? `${fold} of ${folds}` : undefined],
    ["median spacing in mm", lengths(spacing)],
    ["fingerprint", fingerprint],
    ["left out", Array.isArray(ignored) ? `voxels of ${ignored.join(", ")}` : undefined],
    ["seed", seed],
    ["epoch", epoch],
    ["settings", isObject(settings) ? pairs(settings) : undefined],
  ];
  return rows.flatMap(([key, value]) => textOf(value) === undefined ? [] : [[key, textOf(value) as string] as const]);
}

function intendedUse({ input, plane, spacing, labels, training }: ModelMetadata): string {
  const dataset = isObject(training["dataset"]) ? textOf(training["dataset"]["name"]) : undefined;
  const size = lengths(spacing);
  const at = size === undefined ? "" : ` at about ${size} mm`;
  return `Research on images such as those ${dataset === undefined ? "of its data" : `of ${dataset}`}: ` +
    `${input.channels.join(", ")} in this order, ${plane} slices${at}. It marks ${
      labels.map(({ name }) => name).join(", ")
    }; somebody who knows the anatomy looks at every mask before it is used.`;
}

function limits({ input, training }: ModelMetadata): string[] {
  const members = training["members"];
  return [
    "It is no medical device, and no diagnosis or treatment may rest on it.",
    ...(Array.isArray(members)
      ? ["It is the mean of several models: what one of them was trained on counts as seen."]
      : training["epoch"] === undefined
      ? ["Its weights are random: its masks mean nothing."]
      : [
        "The epoch was chosen by the same validation cases that the scores are of, which makes them somewhat too good: " +
        "score it on cases of its own with seg evaluate.",
        ...fewPatients(training["validation"]),
        "It has seen one data set: other scanners, sequences, ages and diseases may give worse masks.",
      ]),
    `A slice is seen as ${input.size} × ${input.size} pixels: what is smaller than one of these is lost.`,
  ];
}

/** Below this many patients a bootstrap interval covers less than it says (André et al. 2025, BRIDGE at MICCAI). */
const FEW_PATIENTS = 50;

function fewPatients(validation: unknown): string[] {
  const patients = isObject(validation) ? validation["patients"] : undefined;
  return typeof patients === "number" && patients < FEW_PATIENTS
    ? [
      `The scores are of ${
        countOf(patients, "patient")
      }: below ${FEW_PATIENTS} the intervals are narrower than they should be.`,
    ]
    : [];
}

function hashRows({ training, hashes }: ModelMetadata): Row[] {
  const identity = training["identity"];
  return [
    ...(typeof training["fingerprint"] === "string" ? [["data (fingerprint)", training["fingerprint"]] as const] : []),
    ...(typeof identity === "string" ? [["settings", identity] as const] : []),
    ...Object.entries(hashes ?? {}).flatMap(([name, hash]) => typeof hash === "string" ? [[name, hash] as const] : []),
  ];
}

function pairs(values: JsonObject): string {
  return Object.entries(values).flatMap(([key, value]) => {
    const text = Array.isArray(value) ? value.join(" ") : textOf(value);
    return text === undefined || text === "" ? [] : [`${words(key)} ${text}`];
  }).join(", ");
}

/** Lengths in mm; undefined where a file of others has something else. */
function lengths(value: unknown): string | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === "number")
    ? value.map((one) => Number(one.toFixed(3))).join(" × ")
    : undefined;
}

/** `learning rate` for `learningRate`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
