/** The files that an evaluation leaves: every case, the summary, and everything for programs. */
import { join } from "node:path";
import { makeFolder, refuseExisting, writeFileAtomic, writeJsonAtomic } from "../files.ts";
import type { Summary } from "../metrics/aggregate.ts";
import { readConventions } from "./conventions.ts";
import { evaluationCsv, type EvaluationDocument } from "./evaluation_report.ts";
import { summaryCsv } from "./summary_csv.ts";

/** Paths of an evaluation's files. */
export interface ScoreFiles {
  readonly folder: string;
  readonly json: string;
  /** A line per case and class. */
  readonly csv: string;
  /** A line per class and score. */
  readonly summary: string;
}

/** The files in `folder`. @throws {Failure} where one exists and `force` is not set. */
export function scoreFiles(folder: string, force: boolean): ScoreFiles {
  const [json, csv, summary] = ["metrics.json", "metrics.csv", "summary.csv"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  // A report of something else must not be lost either.
  for (const path of [json, csv, summary, join(folder, "report.html")]) refuseExisting(path, force);
  return { folder, json, csv, summary };
}

/** Writes all of them. @throws {Failure} where the folder cannot be made or written to. */
export function writeScores(
  files: ScoreFiles,
  { document, summary }: { document: EvaluationDocument; summary: Summary },
): void {
  makeFolder(files.folder);
  writeFileAtomic(files.csv, evaluationCsv(document.cases));
  writeFileAtomic(files.summary, summaryCsv(summary, readConventions(document)));
  writeJsonAtomic(files.json, document);
}
