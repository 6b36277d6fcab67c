/** What a run must have in common with its checkpoint, and with the other folds of its cross-validation. */
import { createHash } from "node:crypto";
import { hashFile } from "../../files.ts";
import { sha256 } from "../../sha256.ts";
import type { Preparation } from "./preparation.ts";
import { absolutePlace, lastingSettings, type RunSettings } from "./run_settings.ts";

/** SHA-256 of the settings that decide the result, and of the data and the network that they led to. */
export interface RunIdentity {
  readonly settings: string;
  readonly data: string;
  readonly images: string;
}

/** The identity of a run: what may change in a resumed run (limits, place, version) is left out, and files count by their content. */
export function runIdentity(settings: RunSettings, { split, metadata, step, images }: Preparation): RunIdentity {
  const parameters = step.parameters.map(({ name, type }) => [name, type.shape]);
  return {
    settings: hashOf(sorted(lastingSettings(settings))),
    data: hashOf([metadata.training["fingerprint"], split, parameters]),
    images,
  };
}

/**
 * SHA-256 of all settings that decide a result but the fold, with the limits: runs that differ in it are not folds of one
 * cross-validation. Paths are left out, since machines differ in them; of `init` the content counts.
 *
 * @throws {Failure} where the file of `init` cannot be read.
 */
export function configurationHash(settings: RunSettings): string {
  const { init } = settings.place;
  return hashOf(sorted({ ...foldlessSettings(settings), ...(init !== undefined && { init: contentHash(init) }) }));
}

/** A setting in which two runs differ. */
export interface Difference {
  readonly name: string;
  readonly before: unknown;
  readonly now: unknown;
}

/** The first setting for which {@link configurationHash} differs; undefined also where the content of `init` alone does. */
export function differentConfiguration(before: RunSettings, now: RunSettings): Difference | undefined {
  return firstDifference(foldlessSettings(before), foldlessSettings(now));
}

/** The first setting in which two runs differ that a run keeps from its start on. */
export function differentSetting(before: RunSettings, now: RunSettings): Difference | undefined {
  return firstDifference(comparable(before), comparable(now));
}

/** The value of a setting in a sentence. */
export function shownSetting(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}

function firstDifference(before: Settings, now: Settings): Difference | undefined {
  const name = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort().find((key) =>
    JSON.stringify(before[key]) !== JSON.stringify(now[key])
  );
  return name === undefined ? undefined : { name, before: before[name], now: now[name] };
}

type Settings = Readonly<Record<string, unknown>>;

/** With the limits, which decide how long all folds are trained. */
function foldlessSettings(settings: RunSettings): Settings {
  const { fold: _, ...lasting } = lastingSettings(settings);
  const { epochs, patience, timeBudgetSeconds } = settings.limits;
  return { ...lasting, epochs, patience, timeBudgetSeconds };
}

function comparable(settings: RunSettings): Settings {
  const { dataset, init, splitFile } = absolutePlace(settings.place);
  return { ...lastingSettings(settings), dataset, init, splitFile };
}

function contentHash(path: string): string {
  const hash = createHash("sha256");
  hashFile(path, hash, "give the file to start from with --init");
  return hash.digest("hex");
}

function hashOf(value: unknown): string {
  return sha256(JSON.stringify(value));
}

function sorted(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined).sort(([a], [b]) => a < b ? -1 : 1),
  );
}
