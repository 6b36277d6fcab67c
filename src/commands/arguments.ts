/** Types of arguments: what a text on the command line must be, and what it becomes. */
import { existsSync, statSync } from "node:fs";
import { flag, optional } from "cmd-ts";
import { didYouMean } from "./did_you_mean.ts";
import { type CompletedType, type Completion, option } from "./option.ts";

/** A type whose `decode` throws what a user is told. */
export function textType<T>(
  displayName: string,
  description: string,
  decode: (text: string) => T,
): CompletedType<T> {
  const completion = COMPLETIONS[displayName];
  return {
    displayName,
    description,
    // Errors must be rejections: cmd-ts does not catch what is thrown at once.
    from: (text) => new Promise((resolve) => resolve(decode(text))),
    ...(completion && { completion }),
  };
}

const COMPLETIONS: Readonly<Record<string, Completion>> = { file: "file", path: "file", folder: "folder" };

let elsewhere = 0;

/** Takes paths within `use` as they are: they are of another machine. */
export async function withPathsElsewhere<T>(use: () => Promise<T>): Promise<T> {
  elsewhere++;
  try {
    return await use();
  } finally {
    elsewhere--;
  }
}

/** A file that exists. */
export const existingFile: CompletedType<string> = textType("file", "an existing file", (text) => {
  if (elsewhere > 0) return text;
  if (!existsSync(text)) throw new Error(`there is no file ${text}; check the path`);
  if (!statSync(text).isFile()) throw new Error(`${text} is a folder, expected a file; name the file itself`);
  return text;
});

/** A folder that exists. */
export const existingFolder: CompletedType<string> = textType("folder", "an existing folder", (text) => {
  if (elsewhere > 0) return text;
  if (!existsSync(text)) throw new Error(`there is no folder ${text}; check the path`);
  if (!statSync(text).isDirectory()) throw new Error(`${text} is a file, expected a folder; name the folder itself`);
  return text;
});

/** A file or a folder that exists. */
export const existingPath: CompletedType<string> = textType("path", "an existing file or folder", (text) => {
  if (elsewhere > 0) return text;
  if (!existsSync(text)) throw new Error(`there is no file or folder ${text}; check the path`);
  return text;
});

/** A name for a folder that is to be written. */
export const outputFolder: CompletedType<string> = textType("folder", "a folder to write to", (text) => {
  if (text === "" || text.startsWith("--")) throw new Error(`found ${JSON.stringify(text)}, expected a folder`);
  if (existsSync(text) && !statSync(text).isDirectory()) throw new Error(`${text} is a file, expected a folder`);
  return text;
});

/** A name for a file that is to be written. */
export function outputFile(ending: string): CompletedType<string> {
  return textType("file", `a file to write, ending in ${ending}`, (text) => {
    if (!text.endsWith(ending) || text.startsWith("--")) {
      throw new Error(`found ${JSON.stringify(text)}, expected a name that ends in ${ending}`);
    }
    if (existsSync(text) && statSync(text).isDirectory()) throw new Error(`${text} is a folder, expected a file`);
    return text;
  });
}

/** A whole number in a range. */
export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): CompletedType<number> {
  return textType("n", "a whole number", (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || value < minimum || value > maximum) {
      const range = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `of ${minimum} to ${maximum}`;
      throw new Error(`found ${JSON.stringify(text)}, expected a whole number ${range}`);
    }
    return value;
  });
}

/** A number in a range; `open` leaves out the lower end. */
export function realNumber(
  minimum: number,
  maximum: number = Infinity,
  { open = false }: { open?: boolean } = {},
): CompletedType<number> {
  return textType("number", "a number", (text) => {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value) || !(open ? value > minimum : value >= minimum) || value > maximum) {
      const range = maximum === Infinity
        ? `${open ? "above" : "from"} ${minimum}`
        : `${open ? `above ${minimum} up` : `of ${minimum}`} to ${maximum}`;
      throw new Error(`found ${JSON.stringify(text)}, expected a number ${range}`);
    }
    return value;
  });
}

/** One of several words. */
export function oneWordOf<const W extends string>(words: readonly W[]): CompletedType<W> {
  const displayName = words.join("|").length > 24 ? "name" : words.join("|");
  const type = textType(displayName, `one of ${words.join(", ")}`, (text) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    const meant = didYouMean(text, words);
    throw new Error(
      `found ${JSON.stringify(text)}, expected one of ${words.join(", ")}${
        meant === undefined ? "" : `; did you mean ${meant}?`
      }`,
    );
  });
  return { ...type, completion: { words } };
}

/** A list such as `0,1` or `flair,t1ce`. */
export const list: CompletedType<string[]> = textType("a,b,…", "a list with commas", (text) => {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new Error(`found ${JSON.stringify(text)}, expected a list such as 0,1`);
  return parts;
});

/** A list of numbers from 0. */
export const numbers: CompletedType<number[]> = listOfEach(realNumber(0), "a list of numbers");

/** A list whose parts are among several words. */
export function listOf<const W extends string>(words: readonly W[]): CompletedType<W[]> {
  return { ...listOfEach(oneWordOf(words), `a list of ${words.join(", ")}`), completion: { words, list: true } };
}

function listOfEach<T>(type: CompletedType<T>, description: string): CompletedType<T[]> {
  return {
    displayName: list.displayName as string,
    description,
    from: async (text) => {
      const values: T[] = [];
      for (const part of await list.from(text)) values.push(await type.from(part));
      return values;
    },
  };
}

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86400 };

/** A duration such as `90s`, `30m`, `2h` or `1h30m`, in seconds; a bare number is seconds. */
export const duration: CompletedType<number> = textType("duration", "e.g. 90s, 30m, 2h, 1h30m", (text) => {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*(min|[smhd])?/g)];
  const seconds = parts.reduce(
    (sum, [, number, unit = "s"]) => sum + Number(number) * (SECONDS_OF_UNIT[unit] as number),
    0,
  );
  if (parts.map(([whole]) => whole).join("") !== text.trim() || !(seconds > 0)) {
    throw new Error(`found ${JSON.stringify(text)}, expected a duration such as 90s, 30m, 2h or 1h30m`);
  }
  return seconds;
});

/** A size of memory such as `8G` or `512M`, in MiB. */
export const memory: CompletedType<number> = textType("size", "e.g. 8G or 512M", (text) => {
  const [, number, unit] = /^([1-9]\d{0,6})([MG])i?B?$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`found ${JSON.stringify(text)}, expected a size such as 8G or 512M`);
  return Number(number) * (unit === "G" ? 1024 : 1);
});

/** `--json`, which every command has. */
export const jsonFlag = flag({ long: "json", description: "print one JSON document to stdout" });

/** `--force`, wherever files are written. */
export const forceFlag = flag({ long: "force", description: "overwrite files that exist" });

/** `--threads`. */
export const threadsOption = option({
  long: "threads",
  type: optional(wholeNumber(1, 1024)),
  description: "threads of the network (all cores)",
});

/** `--trtexec`. */
export const trtexecOption = option({
  long: "trtexec",
  type: optional(existingFile),
  description: "path of trtexec, for engines (PATH, then that of JetPack)",
});

/** `--provider`. */
export const providerOption = option({
  long: "provider",
  type: optional(oneWordOf(["cpu", "cuda", "tensorrt", "webgpu", "coreml", "dml"])),
  description: "execution provider of ONNX Runtime: cpu, cuda, tensorrt, webgpu, coreml or dml (cpu)",
});

/** `--dimensions`: sizes of symbolic dimensions by name. */
export const dimensionsOption = option({
  long: "dimensions",
  type: optional(textType("name=n,…", "sizes by name", (text) => {
    const sizes: Record<string, number> = {};
    for (const one of text.split(",")) {
      const [, name, size] = /^([^=]+)=([1-9]\d{0,6})$/.exec(one.trim()) ?? [];
      if (name === undefined || name in sizes) {
        throw new Error(`found ${JSON.stringify(text)}, expected sizes such as height=256,width=256`);
      }
      sizes[name] = Number(size);
    }
    return sizes;
  })),
  description: "sizes of symbolic dimensions of an ONNX file, e.g. height=256,width=256",
});
