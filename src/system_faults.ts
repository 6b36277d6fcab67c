/** Faults of the machine and its limits, in words with their remedy: they are no faults of the program. */
import { Failure, messageOf } from "./failure.ts";

const FAULTS: Readonly<Record<string, readonly [found: string, remedy: string]>> = {
  EMFILE: ["too many files are open", "raise the limit with ulimit -n and run the command again"],
  ENFILE: ["too many files are open on this machine", "end other programs and run the command again"],
  ENAMETOOLONG: ["the name is longer than the file system allows", "give a shorter one"],
  ENOMEM: [
    "memory ran out",
    "close other programs or raise the limit of this shell (ulimit -v), and run the command again",
  ],
  EAGAIN: [
    "no more processes or threads may be started",
    "raise the limit with ulimit -u, and run the command again with fewer --threads",
  ],
  ENOSPC: ["the disk is full", "free some space and run the command again"],
  EDQUOT: ["the disk quota is used up", "free some space and run the command again"],
  EFBIG: ["the file-size limit of this shell is reached", "raise it with ulimit -f and run the command again"],
  ENOENT: ["there is no such file", "check the name"],
  ENOTDIR: ["a part of the path is a file", "check the name"],
  EISDIR: ["this is a folder", "name the file itself"],
  EACCES: ["permission is denied", "change the permissions, or give another path"],
  EPERM: ["permission is denied", "change the permissions, or give another path"],
  EROFS: ["the file system is read-only", "give another path"],
  ELOOP: ["its links lead in a circle", "correct the links"],
  EIO: ["the disk cannot be read or written", "check the disk"],
};

/** What the code of a system error means, and its remedy; undefined for other errors. */
export function systemFault(error: unknown): readonly [found: string, remedy: string] | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined;
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
