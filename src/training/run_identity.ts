/** What a run must have in common with its checkpoint. */
import { createHash } from "node:crypto";
import type { Preparation } from "./preparation.ts";
import type { TrainOptions } from "./train_options.ts";

/** SHA-256 of the settings that decide the result, and of the data and the network that they led to. */
export interface RunIdentity {
  readonly settings: string;
  readonly data: string;
}

/** The identity of a run: what may change in a resumed run (limits, place, version) is left out, and files count by their content. */
export function runIdentity(options: TrainOptions, { split, metadata, step }: Preparation): RunIdentity {
  const {
    epochs: _e,
    patience: _p,
    timeBudgetSeconds: _t,
    threads: _th,
    provider: _pr,
    out: _o,
    version: _v,
    dataset: _d,
    init: _i,
    splitFile: _s,
    ...settings
  } = options;
  const parameters = step.parameters.map(({ name, type }) => [name, type.shape]);
  return {
    settings: hashOf(sorted(settings)),
    data: hashOf([metadata.training["fingerprint"], split, parameters]),
  };
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

function sorted(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => entry !== undefined).sort(([a], [b]) => a < b ? -1 : 1),
  );
}
