/** A picture of the page, made by a browser without a window. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, messageOf } from "../failure.ts";
import { writeFileAtomic } from "../files.ts";
import { chromiumPath, rootArguments, SOFTWARE_WEBGL } from "./chromium.ts";
import type { ViewServer } from "./server.ts";

const WIDTH = 1400;
const HEIGHT = 900;
const LIMIT_MS = 120_000;

/** @throws {Failure} where there is no Chromium, before any work is done. */
export function requireChromium(): string {
  const path = chromiumPath();
  if (path !== undefined) return path;
  throw new Failure(
    "Cannot find Chromium for --screenshot; install Chromium or Chrome, or name it by the environment variable SEG_CHROMIUM",
  );
}

/**
 * Writes a picture of 1400×900 pixels of the page that `server`, started with `held`, serves.
 *
 * Chromium takes the picture when the page is loaded, and it is loaded when the page has said that everything is drawn.
 *
 * @throws {Failure} where Chromium does not start, cannot draw, or takes longer than two minutes.
 */
export async function takeScreenshot(
  path: string,
  { chromium, server, signal }: { chromium: string; server: ViewServer; signal: AbortSignal },
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "seg-view-"));
  try {
    const picture = join(folder, "page.png");
    const running = runChromium(chromium, [
      "--headless",
      // A profile of its own: a Chromium that runs already is not asked to open the page.
      `--user-data-dir=${join(folder, "profile")}`,
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--hide-scrollbars",
      ...SOFTWARE_WEBGL,
      ...rootArguments(),
      `--window-size=${WIDTH},${HEIGHT}`,
      `--screenshot=${picture}`,
      server.url,
    ], signal);
    const drawn = await Promise.race([server.shown, running.then(() => undefined)]);
    const { code, text } = await running;
    signal.throwIfAborted();
    if (drawn === false) {
      throw new Failure(
        `${chromium} cannot draw the page (it may lack WebGL 2); name another Chromium by SEG_CHROMIUM`,
      );
    }
    const bytes = pictureOf(picture);
    if (drawn === undefined || code !== 0 || bytes === undefined) {
      throw new Failure(
        `${chromium} made no picture (exit code ${code}${text}); name another Chromium by SEG_CHROMIUM`,
      );
    }
    writeFileAtomic(path, bytes);
    return bytes.length;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function pictureOf(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.subarray(0, 4).equals(Buffer.from("\x89PNG", "latin1")) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Runs to the end, which comes after two minutes or with `signal` at the latest; `text` is the last line of stderr. */
function runChromium(
  path: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"] });
    const kill = () => child.kill("SIGKILL");
    const limit = setTimeout(kill, LIMIT_MS);
    signal.addEventListener("abort", kill, { once: true });
    const settle = () => {
      clearTimeout(limit);
      signal.removeEventListener("abort", kill);
    };
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => errors = (errors + part).slice(-2000));
    child.once("error", (error) => {
      settle();
      reject(new Failure(`Cannot start ${path}: ${messageOf(error)}; name Chromium by SEG_CHROMIUM`, { cause: error }));
    });
    child.once("close", (code) => {
      settle();
      const last = errors.trim().split("\n").at(-1)?.replace(/[^\x20-\x7e]/g, "?").slice(0, 200) ?? "";
      resolve({ code, text: last === "" ? "" : `: ${last}` });
    });
  });
}
