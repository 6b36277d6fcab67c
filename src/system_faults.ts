/** Faults of the machine and its limits, in words with their remedy: they are no faults of the program. */
import { Failure, messageOf } from "./failure.ts";
import { systemError } from "./system_errors.ts";

/** What a fault of the machine is, and its remedy; undefined for other errors. */
export function systemFault(error: unknown): readonly [found: string, remedy: string] | undefined {
  const [found, remedy] = systemError(error) ?? [];
  return found === undefined || remedy === undefined ? undefined : [found, remedy];
}

// Of V8 (arrays, WebAssembly) and of C++ (ONNX Runtime).
const MEMORY = /allocat\w* .*memory|allocation failed|out of memory|bad_alloc|Invalid typed array length/i;

/** An error that the machine or its limits explain, as one sentence; undefined for all others. */
export function machineFailure(error: unknown): Failure | undefined {
  const message = messageOf(error);
  const known = systemFault(error);
  if (known !== undefined) {
    const { path } = error as { readonly path?: unknown };
    const subject = typeof path === "string" ? `Cannot use ${path}` : "Cannot go on";
    return new Failure(`${subject}: ${known[0]}; ${known[1]}`, { cause: error });
  }
  if (error instanceof Error && MEMORY.test(message)) {
    const remedy =
      "close other programs, raise the limit of this shell (ulimit -v), or use smaller images or a smaller --batch";
    return new Failure(`Memory ran out (${message}); ${remedy}`, { cause: error });
  }
  if ((error as { code?: unknown } | null)?.code === "ERR_MODULE_NOT_FOUND") {
    // Node says so too where it may not open one more file.
    const remedy = "raise the limit of open files with ulimit -n, or install the packages anew with npm ci";
    return new Failure(`A part of the program cannot be loaded (${message}); ${remedy}`, { cause: error });
  }
  return undefined;
}
