/** The style of the page: dark, as rooms are in which images are read. */
import { PALETTES } from "./palette.ts";

/** CSS of the page. */
export const STYLE = `
* { box-sizing: border-box; }
html { color-scheme: dark; }
body {
  margin: 0; height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr) 19rem; background: #0b0e11; color: #e8ecf0;
  font: 0.92rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
main { background: #000; position: relative; min-width: 0; min-height: 0; overflow: hidden; }
canvas { display: block; width: 100%; height: 100%; }
canvas:focus-visible { outline-offset: -3px; }
#state { position: absolute; left: 1rem; bottom: 0.5rem; margin: 0; padding: 0.3rem 0.7rem; background: #1e242b; border-radius: 4px; }
#state:empty { display: none; }
#state.fault { left: 1rem; right: 1rem; background: #5a1d12; }
#panel { padding: 0.9rem 1rem 1rem; overflow-y: auto; background: #14181d; border-left: 1px solid #3c4650; }
h1 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
p { margin: 0.2rem 0; overflow-wrap: anywhere; }
.quiet { color: #aab4bf; font-size: 0.85rem; }
fieldset { margin: 0.8rem 0 0; padding: 0.4rem 0.7rem 0.6rem; border: 1px solid #3c4650; border-radius: 6px; min-width: 0; }
legend { padding: 0 0.3rem; font-weight: 600; }
label { display: block; margin-top: 0.35rem; }
label output { float: right; font-variant-numeric: tabular-nums; }
.check { display: flex; gap: 0.45rem; align-items: center; }
input[type="range"], select { display: block; width: 100%; margin: 0.15rem 0 0; }
input { accent-color: #7cc4f5; }
select { padding: 0.2rem; background: #1e242b; color: inherit; border: 1px solid #5b6671; border-radius: 4px; font: inherit; }
:focus-visible { outline: 3px solid #f0944d; outline-offset: 2px; border-radius: 2px; }
.labels { display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem; margin: 0.5rem 0 0; padding: 0; list-style: none; }
.swatch { display: inline-block; width: 0.85rem; height: 0.85rem; margin-right: 0.35rem; vertical-align: -0.08rem; border-radius: 2px; }
#place { display: block; margin-top: 0.8rem; white-space: pre-line; font-variant-numeric: tabular-nums; }
.held { position: absolute; width: 1px; height: 1px; }
@media (max-width: 44rem) {
  body { grid-template-columns: 1fr; grid-template-rows: 60vh auto; height: auto; }
  #panel { border-left: 0; border-top: 1px solid #3c4650; }
}
${
  Object.entries(PALETTES).flatMap(([kind, colours]) =>
    colours.map((colour, i) => `.${kind}-${i} { background: rgb(${colour.join(", ")}); }`)
  ).join("\n")
}
`;
