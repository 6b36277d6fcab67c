/** Where results come from: settings, versions, hashes. */
import type { JsonObject } from "../json_object.ts";
import { type Content, markup } from "./markup.ts";
import { tableHtml } from "./table.ts";

/** Names and values, one below the other; hashes and other code-like values by `code`. */
export interface Fact {
  readonly name: string;
  readonly value: string | undefined;
  readonly code?: boolean;
}

/** Facts and settings as tables. */
export function originBody(facts: readonly Fact[], settings: JsonObject): Content {
  const entries = Object.entries(settings);
  return [
    tableHtml({
      caption: "Versions and hashes",
      columns: [{ title: "what", text: true }, { title: "value", text: true }],
      rows: facts.flatMap(({ name, value, code }) =>
        value === undefined || value === "" ? [] : [[name, code ? markup`<code>${value}</code>` : value]]
      ),
    }),
    entries.length === 0 ? undefined : tableHtml({
      caption: "Settings",
      columns: [{ title: "setting", text: true }, { title: "value", text: true }],
      rows: entries.map(([name, value]) => [name, markup`<code>${settingText(value)}</code>`]),
    }),
  ];
}

function settingText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
