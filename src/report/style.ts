/** The style of a report: light and dark by the reader's setting, and always light on paper. */
import { SERIES_COLOURS } from "./chart.ts";

/** Lines and marks by Okabe and Ito (2008), darker on light ground and lighter on dark ground: at least 3:1 to the ground. */
export const STYLE = `
:root {
  --ground: #ffffff; --raised: #f4f6f8; --text: #1b1f24; --quiet: #4d5763; --line: #c9d0d8; --link: #005a9c;
  --series-0: #0072b2; --series-1: #c04f00; --series-2: #00795a; --series-3: #a8477f; --series-4: #7a6400; --series-5: #3f4fa8;
  --heat: 0, 114, 178; --good: #00694d; --bad: #a33c00; --neutral: #4d5763;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #14181d; --raised: #1e242b; --text: #e8ecf0; --quiet: #aab4bf; --line: #3c4650; --link: #7cc4f5;
    --series-0: #56b4e9; --series-1: #f0944d; --series-2: #3ccf9f; --series-3: #e39bc6; --series-4: #e5cf4a; --series-5: #a3b1ff;
    --heat: 86, 180, 233; --good: #54d6a8; --bad: #ff9d66; --neutral: #aab4bf;
  }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; }
body {
  margin: 0 auto; padding: 1.5rem clamp(0.9rem, 3vw, 2.5rem) 3rem; max-width: 78rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
h1 { margin: 0 0 0.5rem; font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 0.75rem; padding-top: 0.5rem; border-top: 1px solid var(--line); font-size: 1.25rem; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1.05rem; }
p { max-width: 68ch; margin: 0.5rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
code { font: 0.92em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--series-1); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 0.5rem; top: 0.5rem; padding: 0.4rem 0.8rem; background: var(--ground); z-index: 1; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.2rem; margin: 1rem 0 0; padding: 0; list-style: none; }
.quiet, figcaption, caption, footer { color: var(--quiet); }
.notice { margin: 0.75rem 0; padding: 0.6rem 0.9rem; border-left: 4px solid var(--series-1); background: var(--raised); max-width: 72ch; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.75rem; margin: 1rem 0; padding: 0; }
.figures div { padding: 0.6rem 0.8rem; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; }
.figures dt { color: var(--quiet); font-size: 0.85rem; }
.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.figures small { display: block; font-size: 0.8rem; font-weight: 400; color: var(--quiet); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem 1.5rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1.25rem 1.5rem; align-items: start; }
figure { margin: 0; }
figure > svg { display: block; max-width: 100%; height: auto; }
.charts figure > svg { width: 100%; }
figure > img { display: block; max-width: 100%; height: auto; border-radius: 4px; }
figcaption { margin: 0.4rem 0 0; font-size: 0.9rem; overflow-wrap: anywhere; }
svg text { fill: var(--text); font: 12px system-ui, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
svg .halo { paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
svg .title { font-size: 13px; font-weight: 600; }
svg .tick { fill: var(--quiet); font-size: 11px; }
svg .axis { stroke: var(--quiet); fill: none; }
svg .grid { stroke: var(--line); fill: none; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .roof { fill: none; stroke: var(--text); stroke-width: 2; }
svg .mean { stroke: var(--text); stroke-width: 2.5; fill: none; }
svg .ring { fill: none; stroke: var(--text); stroke-width: 1.5; }
${
  Array.from({ length: SERIES_COLOURS }, (_, i) =>
    `svg .stroke-${i} { stroke: var(--series-${i}); } svg .fill-${i} { fill: var(--series-${i}); }`).join("\n")
}
svg .dash-1 { stroke-dasharray: 7 4; } svg .dash-2 { stroke-dasharray: 2 4; } svg .dash-3 { stroke-dasharray: 8 3 2 3; }
svg .soft { fill-opacity: 0.55; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.4rem; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap; }
thead th { vertical-align: bottom; white-space: normal; border-bottom: 2px solid var(--quiet); }
th.text, td.text { text-align: left; white-space: normal; overflow-wrap: break-word; }
td.text > code { display: inline-block; min-width: 11rem; }
tbody th { font-weight: 600; }
tbody .short { white-space: nowrap; } tbody .name { min-width: 12rem; max-width: 24rem; overflow-wrap: anywhere; }
th button {
  all: unset; cursor: pointer; font-weight: 600; padding: 0.1rem 0.2rem; border-radius: 3px; display: inline-flex; gap: 0.3rem;
}
th button:hover { background: var(--raised); }
th button:focus-visible { outline: 3px solid var(--series-1); }
/* The text behind the slash is what a screen reader says: nothing, since aria-sort says it. */
th button::after { content: "\\2195"; content: "\\2195" / ""; opacity: 0.55; font-weight: 400; }
th[aria-sort="ascending"] button::after { content: "\\2191"; content: "\\2191" / ""; opacity: 1; }
th[aria-sort="descending"] button::after { content: "\\2193"; content: "\\2193" / ""; opacity: 1; }
.hit { color: var(--good); } .missed, .false_alarm { color: var(--bad); font-weight: 600; } .true_empty { color: var(--neutral); }
.confusion td { min-width: 5.5rem; }
.confusion small { display: block; }
.confusion .right { outline: 2px solid var(--quiet); outline-offset: -2px; }
${
  Array.from({ length: 11 }, (_, i) => `.heat-${i} { background: rgba(var(--heat), ${(0.04 * i).toFixed(3)}); }`).join(
    "\n",
  )
}
.key span { display: inline-block; margin-right: 1.2rem; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--link); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 0.75rem; font-size: 0.88rem; }
@media (max-width: 40rem) {
  body { padding-top: 1rem; } h1 { font-size: 1.35rem; } th, td { padding: 0.28rem 0.45rem; } .charts { gap: 0.5rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  nav, .skip, details { display: none; }
  h2 { break-after: avoid; } figure, tr, .figures { break-inside: avoid; } thead { display: table-header-group; }
  .scroll { overflow: visible; } table { font-size: 8pt; } th, td { padding: 0.15rem 0.4rem; }
  th button::after { content: none; }
  .charts { grid-template-columns: repeat(3, 1fr); gap: 0.5rem; } .pictures { grid-template-columns: 1fr 1fr; gap: 0.75rem; } a { color: inherit; text-decoration: none; }
  .heat-0, .heat-1, .heat-2, .heat-3, .heat-4, .heat-5, .heat-6, .heat-7, .heat-8, .heat-9, .heat-10 { print-color-adjust: exact; }
}
`;
