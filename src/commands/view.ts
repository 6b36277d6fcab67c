/** `seg view`: a volume with its masks in the browser, from this machine alone. */
import process from "node:process";
import { command, flag, optional } from "cmd-ts";
import { UsageFailure } from "../failure.ts";
import { refuseExisting } from "../files.ts";
import { existingFile, forceFlag, jsonFlag, outputFile, wholeNumber } from "./arguments.ts";
import type { Job, JobContext, Outcome } from "./job.ts";
import { option, positional } from "./option.ts";

interface ViewArguments {
  readonly volume: string;
  readonly reference?: string | undefined;
  readonly prediction?: string | undefined;
  readonly probabilities?: string | undefined;
  readonly port?: number | undefined;
  readonly open: boolean;
  readonly screenshot?: string | undefined;
  readonly force: boolean;
}

export const view = command({
  name: "seg view",
  description: "Show a volume with reference, prediction and probabilities in the browser: three planes and 3-D. " +
    "The page is served to this machine alone, needs no network, and ends with Ctrl-C",
  args: {
    volume: positional({ type: existingFile, displayName: "volume", description: "NIfTI file to show" }),
    reference: option({
      long: "reference",
      type: optional(existingFile),
      description: "mask of a person, on the grid of the volume",
    }),
    prediction: option({
      long: "prediction",
      type: optional(existingFile),
      description: "mask of a network, on the grid of the volume",
    }),
    probabilities: option({
      long: "probabilities",
      type: optional(existingFile),
      description: "file of seg predict --probabilities, with a slider for the threshold",
    }),
    port: option({
      long: "port",
      type: optional(wholeNumber(1, 65535)),
      description: "port of 127.0.0.1 (any free one)",
    }),
    open: flag({ long: "open", description: "open the page in the browser" }),
    screenshot: option({
      long: "screenshot",
      type: optional(outputFile(".png")),
      description: "write a picture of the page and end; needs Chromium or Chrome, which SEG_CHROMIUM may name",
    }),
    force: forceFlag,
    json: jsonFlag,
  },
  examples: [
    {
      description: "a scan with both masks",
      command: "seg view scan.nii.gz --reference mask.nii.gz --prediction masks/scan.nii.gz",
    },
    {
      description: "a picture alone",
      command: "seg view scan.nii.gz --prediction masks/scan.nii.gz --screenshot scan.png",
    },
  ],
  // Stopping is how this command ends well, so that it heeds signals itself.
  handler: ({ json, ...args }): Job => {
    if (args.screenshot !== undefined && args.open) {
      throw new UsageFailure("--open is of no use with --screenshot; leave one of them away");
    }
    return { json, run: (context) => args.screenshot === undefined ? serve(args, context) : draw(args, context) };
  },
});

async function serve(args: ViewArguments, { reporter, signal }: JobContext): Promise<Outcome> {
  const [{ readLayers }, { startView }] = await modules();
  const server = await startView(readLayers(args), {
    log: (text) => reporter.note(text),
    ...(args.port !== undefined && { port: args.port }),
  });
  const stop = stopSignal(signal);
  try {
    reporter.note(`Open ${server.url}\nThe address is good for one browser of this machine; Ctrl-C ends seg view`);
    if (args.open) await (await import("../view/open_browser.ts")).openBrowser(server.url);
    if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  } finally {
    await server.close();
    stop.release();
  }
  return { json: { volume: args.volume, ended: true }, text: "" };
}

async function draw(args: ViewArguments, { reporter, signal }: JobContext): Promise<Outcome> {
  const path = args.screenshot as string;
  refuseExisting(path, args.force);
  const { requireChromium, takeScreenshot } = await import("../view/screenshot.ts");
  const chromium = requireChromium();
  const [{ readLayers }, { startView }] = await modules();
  const server = await startView(readLayers(args), {
    log: (text) => reporter.note(text),
    held: true,
    ...(args.port !== undefined && { port: args.port }),
  });
  try {
    const bytes = await takeScreenshot(path, { chromium, server, signal });
    return { json: { screenshot: path, bytes }, text: `Wrote ${path}` };
  } finally {
    await server.close();
  }
}

function modules() {
  return Promise.all([import("../view/layers.ts"), import("../view/start_view.ts")]);
}

/** Aborted by Ctrl-C, by the end of the session, and by `outer`; `release` gives the signals back. */
function stopSignal(outer: AbortSignal): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const names = process.platform === "win32" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, abort);
  if (outer.aborted) abort();
  outer.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    release: () => {
      for (const name of names) process.removeListener(name, abort);
      outer.removeEventListener("abort", abort);
    },
  };
}
