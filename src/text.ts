/** Numbers, sizes, times and tables as people read them: every text of the program writes them in the same way. */

/** Stands where there is no value. */
export const NO_VALUE = "–";

/** With `digits` behind the point; a dash where there is no number. */
export function formatNumber(value: number | null | undefined, digits: number): string {
  return value == null || Number.isNaN(value) ? NO_VALUE : value.toFixed(digits);
}

/** As {@link formatNumber}, with its sign also where it is positive. */
export function formatSigned(value: number | null | undefined, digits: number): string {
  return `${value != null && value >= 0 ? "+" : ""}${formatNumber(value, digits)}`;
}

/** `[0.80, 0.91]`; a dash where there is no interval. */
export function formatInterval(
  ends: readonly [number, number] | null | undefined,
  digits: number,
  format: (value: number, digits: number) => string = formatNumber,
): string {
  return ends == null ? NO_VALUE : `[${ends.map((end) => format(end, digits)).join(", ")}]`;
}

/** Three or more significant digits. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000) return Math.round(value).toString();
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** A share of 1 as `12.34 %`; only 0 and 1 themselves are `0 %` and `100 %`. */
export function formatPercent(share: number, digits = 2): string {
  const percent = 100 * share;
  const smallest = 10 ** -digits;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent > 0 && percent < smallest) return `< ${smallest.toFixed(digits)} %`;
  if (percent < 100 && percent > 100 - smallest) return `> ${(100 - smallest).toFixed(digits)} %`;
  return `${percent.toFixed(digits)} %`;
}

/** 1234567 as `1,234,567`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 case`, `2 cases`; `things` is the plural where it has no plain s. */
export function countOf(count: number, thing: string, things = `${thing}s`): string {
  return `${count} ${count === 1 ? thing : things}`;
}

/** `12 s`, `2 min 03 s`, `1 h 05 min` or `2 d 3 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(whole % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${twoDigits(minutes % 60)} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** `1.20 MiB`, with three digits. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value < 999.5 ? value.toPrecision(3) : Math.round(value)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

/** `14.1 MFLOP` or `1.20 GFLOP`. */
export function formatFlops(flops: number): string {
  return flops < 1e9 ? `${(flops / 1e6).toFixed(1)} MFLOP` : `${(flops / 1e9).toFixed(2)} GFLOP`;
}

/** Lines of at most `columns`, broken between words; a longer word has a line of its own. */
export function wrapWords(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** How a table is laid out. */
export interface TableLayout {
  /** Columns with texts, from the first on (1); the others are right aligned. */
  readonly left?: number;
  /** Widest line; a wider table is turned, and one that is then too wide stacked, a block for each row. */
  readonly columns?: number | undefined;
}

/** Lines of cells, the heading first. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { left = 1, columns = Infinity }: TableLayout = {},
): string {
  const lines = alignedLines(rows, left);
  if (fits(lines, columns)) return lines.join("\n");
  const [head = []] = rows;
  const turned = alignedLines(head.map((_, i) => rows.map((row) => row[i] ?? "")), 1);
  return (fits(turned, columns) ? turned : stackedLines(rows)).join("\n");
}

/** Lines of a name and a text; a text that is wider than `columns` goes on below itself. */
export function alignPairs(
  pairs: readonly (readonly [name: string, text: string])[],
  { columns = Infinity }: Pick<TableLayout, "columns"> = {},
): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 2;
  return pairs.flatMap(([name, text]) =>
    wrapWords(text, Math.max(20, columns - width)).map((line, i) => (i === 0 ? name : "").padEnd(width) + line)
  ).join("\n");
}

function alignedLines(rows: readonly (readonly string[])[], left: number): string[] {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => i < left ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)).join("  ")
      .trimEnd()
  );
}

/** A block for each row: its first cell, and below it the others by their headings. */
function stackedLines([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const width = Math.max(...head.slice(1).map((name) => name.length));
  return rows.flatMap(([first = "", ...cells]) => [
    first,
    ...cells.map((cell, i) => `  ${(head[i + 1] ?? "").padEnd(width)}  ${cell}`),
  ]);
}

function fits(lines: readonly string[], columns: number): boolean {
  return lines.every((line) => line.length <= columns);
}
