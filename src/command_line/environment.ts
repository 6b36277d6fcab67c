/** Variables of the environment. */
import process from "node:process";

/** The value of a variable; undefined also where Deno is not permitted to read it. */
export function environmentVariable(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}
