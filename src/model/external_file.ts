/** Files beside a model that hold its weights. */
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { messageOf } from "../failure.ts";
import { withFile } from "../files.ts";
import type { ExternalPart } from "../graph/onnx/external_data.ts";

/**
 * Reads parts of files in the folder of the model at `path`.
 *
 * @throws {RangeError} where a file lies outside of that folder or ends before the part does, {Failure} where it cannot be read.
 */
export function externalReader(path: string): (part: ExternalPart) => Uint8Array {
  const folder = dirname(path);
  const found = new Map<string, string>();
  return ({ location, offset, lengthBytes }) => {
    const file = found.get(location) ?? insideOf(folder, location);
    found.set(location, file);
    return withFile(file, ({ sizeBytes, read }) => {
      if (offset + lengthBytes > sizeBytes) {
        throw new RangeError(
          `its external data ${location} has ${sizeBytes} bytes, but ${offset + lengthBytes} are needed; copy it again`,
        );
      }
      const bytes = new Uint8Array(lengthBytes);
      read(bytes, offset);
      return bytes;
    }, `keep ${location} beside ${path}, as it was exported`);
  };
}

// By real paths: a link may lead out of the folder, too.
function insideOf(folder: string, location: string): string {
  const outside = new RangeError(
    `its external data ${JSON.stringify(location)} lies outside of its folder; export the model into one folder`,
  );
  const plain = location.split(/[\\/]/);
  if (location === "" || isAbsolute(location) || /^[A-Za-z]:/.test(location) || plain.includes("..")) throw outside;
  const joined = join(folder, ...plain);
  let way: string;
  try {
    way = relative(realpathSync(folder), realpathSync(joined));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return joined;
    throw new RangeError(`its external data ${location} cannot be read (${messageOf(error)})`, { cause: error });
  }
  if (way === "" || way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) throw outside;
  return joined;
}
