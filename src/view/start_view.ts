/** Brings layers, page and server together. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../failure.ts";
import type { Layer } from "./layers.ts";
import { viewPage } from "./page.ts";
import { PAGE_SCRIPT } from "./page_script.ts";
import { type Served, startServer, type ViewServer } from "./server.ts";
import { STYLE } from "./style.ts";

/**
 * Serves a page with these layers; nothing is read from the disk afterwards.
 *
 * @param options.held for {@link takeScreenshot}.
 * @throws {Failure} where the port is taken or NiiVue is not installed.
 */
export function startView(
  layers: readonly Layer[],
  { port = 0, held = false, log }: { port?: number; held?: boolean; log: (text: string) => void },
): Promise<ViewServer> {
  const script = "text/javascript";
  const files = new Map<string, Served>([
    ["", { type: "text/html", content: viewPage(layers, { held }) }],
    ["style.css", { type: "text/css", content: STYLE }],
    ["page.js", { type: script, content: PAGE_SCRIPT }],
    ["niivue.js", { type: script, content: niivueBundle() }],
  ]);
  layers.forEach(({ bytes }, number) => {
    files.set(`layers/${number}.nii`, { type: "application/octet-stream", content: bytes });
  });
  return startServer({ files, port, log, held });
}

/** The package's own bundle for pages, which sets the global `niivue`. */
function niivueBundle(): Uint8Array {
  try {
    // The package exports its modules alone: the bundle is found beside them.
    return readFileSync(fileURLToPath(new URL("../../dist/niivue.umd.js", import.meta.resolve("@niivue/niivue"))));
  } catch (error) {
    throw new Failure(
      "seg view needs the package @niivue/niivue, which is not installed here (archives for a Jetson leave it out); " +
        "copy the files to a computer with all of seg",
      { cause: error },
    );
  }
}
