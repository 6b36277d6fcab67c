/** One process at a time trains in the folder of a run. */
import { rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as v from "valibot";
import { Failure } from "../../failure.ts";
import { readTextFile, writeFailure } from "../../files.ts";
import { fittingJson } from "../../json.ts";
import { wholeNumber } from "../../schemas.ts";
import { isRunning, machine } from "../../temporary_files.ts";

/** The file that says who trains in the folder. */
export const LOCK_FILE = ".lock";

const Owner = v.object({ machine: v.string(), process: wholeNumber(1) });

const BEAT_MS = 30_000;

/** Of another machine nobody can ask whether a process is there: after this time without a sign of it, it is not. */
const LONGEST_SILENCE_MS = 15 * 60_000;

/**
 * Runs `work` as the only one in the folder of a run; a lock whose process is gone is taken over.
 *
 * @throws {Failure} where another process trains there.
 */
export async function withRunLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK_FILE);
  take(path, folder);
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // Somebody removed it: the work goes on.
    }
  }, BEAT_MS);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(path, { force: true });
  }
}

function take(path: string, folder: string): void {
  const content = `${JSON.stringify({ machine: machine(), process: process.pid })}\n`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, content, { flag: "wx" });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw writeFailure(path, error);
    }
    const owner = ownerOf(path);
    if (owner !== undefined) {
      throw new Failure(
        `Cannot train in ${folder}: process ${owner.process}${
          owner.machine === machine() ? "" : " of another machine"
        } does so; wait for it, or remove ${path} where that process is gone`,
      );
    }
    rmSync(path, { force: true });
  }
  throw new Failure(`Cannot train in ${folder}: another process has just begun to; wait for it`);
}

/** Who trains there now; undefined where the lock is a leftover. */
function ownerOf(path: string): v.InferOutput<typeof Owner> | undefined {
  try {
    const owner = fittingJson(readTextFile(path, 1000), Owner);
    if (owner === undefined) return undefined;
    const silentMs = Date.now() - statSync(path).mtimeMs;
    const isThere = owner.machine === machine()
      ? owner.process !== process.pid && isRunning(owner.process)
      : silentMs < LONGEST_SILENCE_MS;
    return isThere ? owner : undefined;
  } catch {
    return undefined;
  }
}
