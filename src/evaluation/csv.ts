/** Tables for spreadsheets and statistics programs: RFC 4180. */

/** A field of a table: what is undefined or null is empty. */
export type CsvField = string | number | null | undefined;

/** The lines of a table; a text that a spreadsheet would take for a formula gets an apostrophe. */
export function csvTable(rows: readonly (readonly CsvField[])[]): string {
  return rows.map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

function csvField(value: CsvField): string {
  if (typeof value !== "string") return value == null ? "" : String(value);
  const text = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
