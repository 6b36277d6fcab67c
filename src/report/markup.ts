/** Markup in which everything from outside is escaped: names of files, cases and labels are hostile. */

/** Markup that may stand in a page as it is; made by {@link markup} and {@link trusted} alone. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: texts and numbers are escaped, lists are joined, undefined is nothing. */
export type Content = Markup | string | number | undefined | readonly Content[];

/** A template of markup: ``markup`<td title="${name}">${name}</td>` ``. Attributes must stand in double quotes. */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0] as string;
  values.forEach((value, i) => text += textOf(value) + parts[i + 1]);
  return new Markup(text);
}

/** Markup, style or script of the program itself. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function textOf(value: Content): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "number" || typeof value === "string") return escapeHtml(String(value));
  return value.map(textOf).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * The text as it may stand between tags and in quoted attributes. Control characters, and those that turn the direction of what
 * follows, are shown by their number: the page must not look like something that it does not say.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => "\n\t".includes(character) ? character : codeOf(character))
    .replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

function codeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
