import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeHtml, markup, trusted } from "../../src/report/markup.ts";

test("markup`` escapes texts in elements and attributes, and joins lists", () => {
  const name = `<script>"'&`;
  const row = markup`<td title="${name}">${[name, markup`<b>${1}</b>`, undefined]}</td>`;
  const escaped = "&lt;script&gt;&quot;&#39;&amp;";
  assert.equal(row.text, `<td title="${escaped}">${escaped}<b>1</b></td>`);
  assert.equal(markup`${row}`.text, row.text);
  assert.equal(markup`${trusted("<i>")}`.text, "<i>");
});

test("escapeHtml() shows control characters and those that turn the direction by their numbers", () => {
  assert.equal(escapeHtml("a\u0000b\u202etxt\u009f\n"), "a\\u0000b\\u202etxt\\u009f\n");
  assert.equal(escapeHtml("Größe → 3 µm, 腫瘍"), "Größe → 3 µm, 腫瘍");
});
