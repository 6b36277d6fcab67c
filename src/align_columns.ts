/** Tables of text. */

/** Lines of cells, the first `left` columns (1) left, the others right aligned. */
export function alignColumns(rows: readonly (readonly string[])[], { left = 1 }: { left?: number } = {}): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => i < left ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)).join("  ")
      .trimEnd()
  ).join("\n");
}
