/** Errors of the operating system in words: one table for all messages. */

/** By code: what was found, and the remedy where every reader of the message can be given one. */
const SYSTEM_ERRORS: Readonly<Record<string, readonly [found: string, remedy?: string]>> = {
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
  EBUSY: ["another program holds it"],
  EEXIST: ["it exists already"],
  ENOTEMPTY: ["the folder is not empty"],
};

/** What the code of a system error means, and its remedy where there is one; undefined for other errors. */
export function systemError(error: unknown): readonly [found: string, remedy?: string] | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && Object.hasOwn(SYSTEM_ERRORS, code) ? SYSTEM_ERRORS[code] : undefined;
}
