/** The data set that a model or a folder of masks is scored on: its cases, with the classes of the model. */
import type { DataReading } from "../data/data_reading.ts";
import { type CaseFiles, type DatasetIndex, openDataset } from "../data/dataset.ts";
import { Failure, UsageFailure } from "../failure.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import { countOf } from "../text.ts";

/**
 * Opens a data set with the channels and labels of a model, whatever `reading` says of them: by their names, else by position and
 * value.
 *
 * @throws {Failure} where the data set cannot be read or has other channels or labels.
 */
export function openForModel(path: string, metadata: ModelMetadata, reading: DataReading): DatasetIndex {
  const others = { ...reading, channels: undefined, labels: undefined };
  const { input: { channels }, labels } = metadata;
  const names = labels.map(({ name }) => name);
  const values = labels.map(({ value }) => value);
  const attempts = [
    { channels, labels: names },
    { channels, labels: values },
    { labels: names },
    { labels: values },
  ];
  for (const attempt of attempts) {
    try {
      const index = openDataset(path, { ...others, ...attempt });
      if (index.channels.length === channels.length && overlapsAlike(index, labels)) return index;
    } catch (error) {
      if (!(error instanceof UsageFailure)) throw error;
    }
  }
  const found = openDataset(path, others);
  const overlapping = labels.some((label) => label.values !== undefined);
  const listed = (all: DatasetIndex["labels"] | ModelMetadata["labels"]) =>
    all.map(({ value, name }) => `${value} (${name})`).join(", ");
  throw new Failure(
    `${path} has the channels ${found.channels.join(", ")} and the labels ${listed(found.labels)}, but the model was ` +
      `trained on the channels ${channels.join(", ")} and the labels ${listed(labels)}` +
      `${overlapping ? ", which are regions that overlap" : ""}; score it on such data`,
  );
}

/** Whether the classes of the data set overlap as those of the model do: in the same order and of the same values. */
function overlapsAlike({ labels, labelling }: DatasetIndex, trained: ModelMetadata["labels"]): boolean {
  if (!labelling.overlapping) return trained.every(({ values }) => values === undefined);
  return labels.length === trained.length &&
    labels.every(({ value, values }, i) => value === trained[i]?.value && values.join() === trained[i]?.values?.join());
}

/** Case ids of the validation fold that the training recorded in its model; undefined where it recorded none. */
export function validationIds({ training }: ModelMetadata): readonly string[] | undefined {
  const ids = training["validationCases"];
  return Array.isArray(ids) && ids.every((id) => typeof id === "string") ? ids : undefined;
}

/** The cases to score, and which they are. */
export interface ChosenCases {
  readonly cases: readonly CaseFiles[];
  readonly split: "val" | "all";
}

/**
 * Chooses the validation cases of the training, or all.
 *
 * @param split undefined: the validation cases where the model names cases of this data set, else all.
 * @throws {Failure} where validation cases are asked for and there are none.
 */
export function chooseCases(
  index: DatasetIndex,
  metadata: ModelMetadata,
  split: "val" | "all" | undefined,
): ChosenCases {
  if (split === "all") return { cases: index.cases, split };
  const ids = new Set(validationIds(metadata));
  const cases = index.cases.filter(({ id }) => ids.has(id));
  if (cases.length > 0) return { cases, split: "val" };
  if (split === undefined) return { cases: index.cases, split: "all" };
  throw new Failure(
    ids.size === 0
      ? `The model does not say which cases it was validated on; score all cases with --split all`
      : `${index.root} holds none of the ${
        countOf(ids.size, "case")
      } that the model was validated on; score all with --split all`,
  );
}

/** A warning where scores would be too good: cases that the model, or a member of an ensemble, was trained on. */
export function seenInTraining(cases: readonly CaseFiles[], metadata: ModelMetadata): string | undefined {
  const unseen = new Set(validationIds(metadata));
  const ofTraining = new Set([...unseen, ...memberValidationIds(metadata)]);
  const known = cases.filter(({ id }) => ofTraining.has(id)).length;
  const seen = cases.filter(({ id }) => !unseen.has(id)).length;
  // A data set that holds none of the cases that the training set aside is another one.
  if (known === 0 || seen === 0) return undefined;
  return `${seen} of the ${cases.length} cases are of the data set that the model was trained on, and not set aside for ` +
    `validation: expect scores that are too good`;
}

/** Validation cases of the members of an ensemble: each was training data of the other members. */
function memberValidationIds({ training }: ModelMetadata): string[] {
  const { members } = training;
  if (!Array.isArray(members)) return [];
  return members.flatMap((member: { readonly validationCases?: unknown } | null) =>
    Array.isArray(member?.validationCases) ? member.validationCases.filter((id) => typeof id === "string") : []
  );
}
