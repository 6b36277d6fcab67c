/** `seg view`: a volume with its masks in the browser, from this machine alone. */
import process from "node:process";
import { command, type Outcome } from "../command_line/command.ts";
import { flag, operand, option, type Values } from "../command_line/option.ts";
import { existingFile, outputFile, wholeNumber } from "../command_line/types.ts";
import type { WorkContext } from "../reporter.ts";
import { forceFlag } from "./shared_options.ts";

const viewArguments = {
  volume: operand({ type: existingFile, name: "VOLUME", description: "NIfTI file to show" }),
  reference: option({
    long: "reference",
    type: existingFile,
    description: "mask of a person, on the grid of the volume",
  }),
  prediction: option({
    long: "prediction",
    type: existingFile,
    description: "mask of a network, on the grid of the volume",
  }),
  probabilities: option({
    long: "probabilities",
    type: existingFile,
    description: "file of seg predict --probabilities, with a slider for the threshold",
  }),
  port: option({
    long: "port",
    type: wholeNumber(1, 65535),
    description: "port of 127.0.0.1",
    otherwise: "any free one",
  }),
  open: flag({ long: "open", description: "open the page in the browser" }),
  screenshot: option({
    long: "screenshot",
    type: outputFile(".png"),
    description: "write a picture of the page and end; needs Chromium or Chrome, which SEG_CHROMIUM may name",
  }),
  force: forceFlag,
};

type ViewArguments = Values<typeof viewArguments>;

export const view = command({
  name: "view",
  description: "Show a volume with reference, prediction and probabilities in the browser: three planes and 3-D. " +
    "The page is served to this machine alone, needs no network, and ends with Ctrl-C",
  arguments: viewArguments,
  rules: [
    {
      mode: "with --screenshot",
      when: ({ screenshot }) => screenshot !== undefined,
      refuses: ["open"],
      because: "the page is closed once its picture is drawn; leave one of them away",
    },
    {
      mode: "without --screenshot",
      when: ({ screenshot }) => screenshot === undefined,
      refuses: ["force"],
      because: "nothing is written",
    },
  ],
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
  run: async (args, context) =>
    args.screenshot === undefined ? await serve(args, context) : await draw(args, args.screenshot, context),
});

async function serve(args: ViewArguments, { reporter, signal }: WorkContext): Promise<Outcome> {
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

async function draw(args: ViewArguments, path: string, { reporter, signal }: WorkContext): Promise<Outcome> {
  const { refuseExisting } = await import("../files.ts");
  refuseExisting(path, args.force, "--screenshot");
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
