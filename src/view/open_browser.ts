/** Opens an address in the browser of the user. */
import { spawn } from "node:child_process";
import process from "node:process";
import { Failure, messageOf } from "../failure.ts";

const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * Starts the system's own opener and does not wait for the browser.
 *
 * @throws {Failure} where there is no opener, as on a machine without a desktop.
 */
export function openBrowser(url: string): Promise<void> {
  const [program, ...args] = OPENERS[process.platform] ?? ["xdg-open"] as const;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
    child.once("error", (error) => {
      reject(new Failure(`Cannot start ${program}: ${messageOf(error)}; leave --open away`, { cause: error }));
    });
    child.once("spawn", () => {
      child.unref();
      resolve();
    });
  });
}
