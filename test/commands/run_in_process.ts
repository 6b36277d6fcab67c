/** Runs command lines in the process of the test: sentences, exit codes and files need no process of their own. */
import { run } from "../../src/commands/run.ts";
import type { ProgramEnd } from "./run_program.ts";

/** As {@link runProgram}, without a process; the environment is that of the test. */
export async function runInProcess(args: readonly string[]): Promise<ProgramEnd> {
  let [stdout, stderr] = ["", ""];
  const code = await run(args, {
    stdout: { write: (text) => stdout += text },
    stderr: { write: (text) => stderr += text },
  });
  return { code, stdout, stderr };
}
