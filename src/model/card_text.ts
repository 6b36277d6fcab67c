/** Pieces of Markdown whose text comes from files of others. */

import { printableLine } from "../shown.ts";

export type Row = readonly [name: string, value: string];

/** A heading and what stands below it. */
export function section(title: string, body: string): string {
  return `## ${title}\n\n${body.trimEnd()}\n`;
}

/** A list of sentences. */
export function list(sentences: readonly string[]): string {
  return sentences.map((sentence) => `- ${plain(sentence)}\n`).join("");
}

/** A table; the first row is its head, or two empty cells for a table without one. */
export function table(rows: readonly (readonly string[])[], head: readonly string[] = ["", ""]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |\n`).join("");
}

function cell(text: string): string {
  return plain(text).replaceAll("|", "\\|");
}

/** Escapes a name from outside, so that it cannot end a line, begin a tag or make a link. */
export function plain(text: string): string {
  return printableLine(text.replace(/\s+/g, " ")).replaceAll("<", "&lt;").replaceAll("](", "]\\(");
}
