/** The frame of a report: one file that loads nothing, with its style and its script inside. */
import { createHash } from "node:crypto";
import { type Content, Markup, markup, trusted } from "./markup.ts";
import { SORT_SCRIPT } from "./sort_script.ts";
import { STYLE } from "./style.ts";

/** A part of a page with a heading of its own. */
export interface Section {
  /** Letters and hyphens; the anchor of the part. */
  readonly id: string;
  readonly title: string;
  readonly body: Content;
}

/** What a page holds. */
export interface Page {
  readonly title: string;
  /** Below the heading. */
  readonly lead: Content;
  readonly sections: readonly Section[];
  readonly foot: Content;
}

/**
 * The page as the text of an HTML file. Its Content-Security-Policy allows this one style, this one script and embedded pictures:
 * whatever else would get into the file does not run and loads nothing.
 */
export function pageText({ title, lead, sections, foot }: Page): string {
  const policy = [
    "default-src 'none'",
    "img-src data:",
    `style-src '${hashOf(STYLE)}'`,
    `script-src '${hashOf(SORT_SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>${title}</h1>
${lead}
</header>
<nav aria-label="Parts of the report"><ul>${
    sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)
  }</ul></nav>
<main id="content">${sections.map(sectionMarkup)}</main>
<footer>${foot}</footer>
<script>${trusted(SORT_SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

function sectionMarkup({ id, title, body }: Section): Markup {
  return markup`
<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${body}
</section>`;
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
