/** Pieces of Markdown whose text comes from files of others. */

export type Row = readonly [name: string, value: string];

/** A heading and what stands below it. */
export function section(title: string, body: string): string {
  return `## ${title}\n\n${body.trimEnd()}\n`;
}

/** A list of sentences. */
export function list(sentences: readonly string[]): string {
  return sentences.map((sentence) => `- ${plain(sentence)}\n`).join("");
}

/** A table; the first row is its head, and two empty cells are where there is none. */
export function table(rows: readonly (readonly string[])[], head: readonly string[] = ["", ""]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |\n`).join("");
}

function cell(text: string): string {
  return plain(text).replaceAll("|", "\\|");
}

/** A name may hold anything: nothing of it ends a line or begins a tag. */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").replaceAll("<", "&lt;");
}
