/** Tables for spreadsheets and statistics programs: RFC 4180. */

import { printableLine } from "../shown.ts";

/** A field of a table; undefined and null give an empty field. */
export type CsvField = string | number | null | undefined;

/** The lines of a table; a text that a spreadsheet would take for a formula gets an apostrophe, and control characters are shown. */
export function csvTable(rows: readonly (readonly CsvField[])[]): string {
  return rows.map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

function csvField(value: CsvField): string {
  if (typeof value !== "string") return value == null ? "" : String(value);
  const line = printableLine(value);
  // Spreadsheets look behind spaces; ends of lines and tabs at the beginning are escaped by now.
  const text = /^\s*[=+\-@]/.test(value) ? `'${line}` : line;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
