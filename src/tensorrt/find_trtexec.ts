/** Where trtexec is. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Failure } from "../failure.ts";

/** JetPack 4 to 6 and NVIDIA's Debian packages install it here, outside of PATH. */
const PACKAGE_PATH = "/usr/src/tensorrt/bin/trtexec";

/** Where {@link findTrtexec} looks. */
export interface FindOptions {
  /** The path that the user gave; nothing else is tried then. */
  readonly explicit?: string | undefined;
  /** Folders as in the environment variable PATH. */
  readonly searchPath?: string | undefined;
  /** Path of the packaged program; tests set it. */
  readonly packagePath?: string;
}

/**
 * The path of trtexec: the explicit one, else the first in PATH, else the one of JetPack.
 *
 * @throws {Failure} where there is none.
 */
export function findTrtexec(options: FindOptions = {}): string {
  if (options.explicit !== undefined) {
    if (isExecutable(options.explicit)) return options.explicit;
    throw new Failure(
      `Cannot run trtexec ${options.explicit}: it is not an executable file; give the path of the program with --trtexec`,
    );
  }
  const packagePath = options.packagePath ?? PACKAGE_PATH;
  const folders = (options.searchPath ?? process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const found = [...folders.map((folder) => join(folder, "trtexec")), packagePath].find(isExecutable);
  if (found !== undefined) return found;
  throw new Failure(
    `Cannot find trtexec: neither PATH nor ${packagePath} has it; install TensorRT (on a Jetson: sudo apt install tensorrt) or give its path with --trtexec`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
