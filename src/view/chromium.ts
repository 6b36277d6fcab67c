/** Finds a browser of the Chromium family. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
const APPLICATIONS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** WebGL computed by the processor, where there is no graphics processor. */
export const SOFTWARE_WEBGL: readonly string[] = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** Chromium's sandbox does not start for root; what is opened comes from this program alone. */
export function rootArguments(): string[] {
  return process.getuid?.() === 0 ? ["--no-sandbox"] : [];
}

/** Path of Chromium or a relative of it: `SEG_CHROMIUM`, else from PATH and usual places; `undefined` where there is none. */
export function chromiumPath(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const named = environment["SEG_CHROMIUM"];
  if (named !== undefined && named !== "") return named;
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const windows = ["ProgramFiles", "ProgramFiles(x86)"].flatMap((variable) => {
    const folder = environment[variable];
    if (folder === undefined) return [];
    return ["Google\\Chrome\\Application\\chrome.exe", "Microsoft\\Edge\\Application\\msedge.exe"]
      .map((program) => join(folder, program));
  });
  const places = process.platform === "darwin" ? APPLICATIONS : process.platform === "win32" ? windows : [];
  return [...onPath, ...places].find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
