/** Reports that commands write when their work is done. */
import type { WorkContext } from "../reporter.ts";
import { programs } from "./programs.ts";

/**
 * Writes the report of a folder. What goes wrong becomes a warning: the work itself is done.
 *
 * @param seconds as of `ReportOptions`.
 * @returns its path, or undefined where there is none.
 */
export async function reportAfter(
  folder: string,
  context: WorkContext,
  seconds?: number,
): Promise<string | undefined> {
  const { tryReport } = await import("../report/write_report.ts");
  return await tryReport(folder, { programs: programs(), ...(seconds !== undefined && { seconds }) }, context);
}

/** The line that says where a report is, below another one; empty where there is none. */
export function reportLine(report: string | undefined): string {
  return report === undefined ? "" : `\nWrote ${report}: open it in a browser`;
}
