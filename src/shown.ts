/** How a value that came from outside is printed in a sentence: short, flat, and without a character that a terminal obeys. */

const LONGEST_TEXT = 60;
const LONGEST_VALUE = 160;
const MOST_ENTRIES = 6;
const DEEPEST = 2;

/** Controls of C0 and C1, line and paragraph separators, and marks that turn the direction of a line. */
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A value as JSON has it, cut to a few entries and at most about 160 characters. */
export function shown(value: unknown): string {
  return cut(written(value, 0), LONGEST_VALUE);
}

/** A text without quotes, with its control characters escaped and cut to `longest` characters. */
export function shownText(text: string, longest: number = LONGEST_TEXT): string {
  return escaped(cut(text, longest));
}

/**
 * A text for a terminal or a log: what a terminal would obey, or what turns the direction of a line, is shown by its number. Ends
 * of lines and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => character === "\n" || character === "\t" ? character : codeOf(character),
  );
}

/** As {@link printable}, within one line: for cells of tables. */
export function printableLine(text: string): string {
  return escaped(text);
}

function written(value: unknown, depth: number): string {
  if (typeof value === "string") return escaped(JSON.stringify(cut(value, LONGEST_TEXT)));
  if (typeof value !== "object" || value === null) return String(value);
  const isList = Array.isArray(value);
  if (depth === DEEPEST) return isList ? "[…]" : "{…}";
  const parts: string[] = [];
  let more = false;
  // An entry at a time: the list of all keys of a hostile object would be as large as the object.
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    more = parts.length === MOST_ENTRIES;
    if (more) break;
    const entry = written((value as Readonly<Record<string, unknown>>)[key], depth + 1);
    parts.push(isList ? entry : `${escaped(JSON.stringify(cut(key, LONGEST_TEXT)))}: ${entry}`);
  }
  if (more) parts.push("…");
  return isList ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`;
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  // A pair of surrogates stays whole.
  const end = /[\ud800-\udbff]/.test(text[longest - 1] as string) ? longest - 1 : longest;
  return `${text.slice(0, end)}…`;
}

function escaped(text: string): string {
  return text.replace(UNPRINTABLE, codeOf);
}

function codeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
