/** Types of arguments: what a text on the command line must be, and what it becomes. */
import { existsSync, statSync } from "node:fs";
import { flag, optional } from "cmd-ts";
import type { AutoIndex } from "../cluster/array_index.ts";
import { didYouMean } from "./did_you_mean.ts";
import { type CompletedType, type Completion, option } from "./option.ts";

type TextType<T> = CompletedType<T>;

function textType<T>(displayName: string, description: string, decode: (text: string) => T): TextType<T> {
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
export const existingFile: TextType<string> = textType("file", "an existing file", (text) => {
  if (elsewhere > 0) return text;
  if (!existsSync(text)) throw new Error(`there is no file ${text}; check the path`);
  if (!statSync(text).isFile()) throw new Error(`${text} is a folder, expected a file; name the file itself`);
  return text;
});

/** A folder that exists. */
export const existingFolder: TextType<string> = textType("folder", "an existing folder", (text) => {
  if (elsewhere > 0) return text;
  if (!existsSync(text)) throw new Error(`there is no folder ${text}; check the path`);
  if (!statSync(text).isDirectory()) throw new Error(`${text} is a file, expected a folder; name the folder itself`);
  return text;
});

/** A file or a folder that exists. */
export const existingPath: TextType<string> = textType("path", "an existing file or folder", (text) => {
  if (elsewhere > 0) return text;
  if (!existsSync(text)) throw new Error(`there is no file or folder ${text}; check the path`);
  return text;
});

/** A name for a folder that is to be written. */
export const outputFolder: TextType<string> = textType("folder", "a folder to write to", (text) => {
  if (text === "" || text.startsWith("--")) throw new Error(`found ${JSON.stringify(text)}, expected a folder`);
  if (existsSync(text) && !statSync(text).isDirectory()) throw new Error(`${text} is a file, expected a folder`);
  return text;
});

/** A name for a file that is to be written. */
export function outputFile(ending: string): TextType<string> {
  return textType("file", `a file to write, ending in ${ending}`, (text) => {
    if (!text.endsWith(ending) || text.startsWith("--")) {
      throw new Error(`found ${JSON.stringify(text)}, expected a name that ends in ${ending}`);
    }
    if (existsSync(text) && statSync(text).isDirectory()) throw new Error(`${text} is a folder, expected a file`);
    return text;
  });
}

/** A whole number in a range. */
export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): TextType<number> {
  return textType("n", "a whole number", (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || value < minimum || value > maximum) {
      const range = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `of ${minimum} to ${maximum}`;
      throw new Error(`found ${JSON.stringify(text)}, expected a whole number ${range}`);
    }
    return value;
  });
}

/** The number of a fold, `all`, or `auto`. */
export const foldNumber: TextType<number | "all" | AutoIndex> = {
  ...textType("n|all|auto", "the number of a fold, all, or auto", (text) => {
    if (text === "all") return text;
    const auto = autoIndex(text);
    if (auto !== undefined) return auto;
    if (!/^\d{1,3}$/.test(text)) {
      throw new Error(`found ${JSON.stringify(text)}, expected the number of a fold from 0, all, or auto`);
    }
    return Number(text);
  }),
  completion: { words: ["all", "auto"] },
};

/** A seed, or `auto/n`: the seed of this task among 0 to n - 1. */
export const seedNumber: TextType<number | SharedIndex> = textType("n|auto/n", "a seed, or e.g. auto/3", (text) => {
  const shared = sharedIndex(text);
  if (shared !== undefined) return shared;
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 31) {
    throw new Error(
      `found ${JSON.stringify(text)}, expected a whole number of 0 to ${2 ** 31 - 1}, or auto/3 for three seeds`,
    );
  }
  return Number(text);
});

/** A number that the scheduler gives, of so many. */
export interface SharedIndex extends AutoIndex {
  readonly of: number;
}

function autoIndex(text: string): AutoIndex | undefined {
  return text === "auto" ? { first: undefined } : text === "auto:1" ? { first: 1 } : undefined;
}

function sharedIndex(text: string): SharedIndex | undefined {
  const [, auto = "", of] = /^(auto(?::1)?)\/([1-9]\d{0,5})$/.exec(text) ?? [];
  const index = autoIndex(auto);
  return index === undefined ? undefined : { ...index, of: Number(of) };
}

/** A number in a range; `open` leaves out the lower end. */
export function realNumber(
  minimum: number,
  maximum: number = Infinity,
  { open = false }: { open?: boolean } = {},
): TextType<number> {
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
export function oneWordOf<const W extends string>(words: readonly W[]): TextType<W> {
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
export const list: TextType<string[]> = textType("a,b,…", "a list with commas", (text) => {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new Error(`found ${JSON.stringify(text)}, expected a list such as 0,1`);
  return parts;
});

/** A list of numbers from 0. */
export const numbers: TextType<number[]> = {
  displayName: "a,b,…",
  description: "a list of numbers",
  from: async (text) => {
    const values: number[] = [];
    for (const part of await list.from(text)) values.push(await realNumber(0).from(part));
    return values;
  },
};

/** A list whose parts are among several words. */
export function listOf<const W extends string>(words: readonly W[]): TextType<W[]> {
  const word = oneWordOf(words);
  return {
    displayName: "a,b,…",
    description: `a list of ${words.join(", ")}`,
    from: async (text) => {
      const parts: W[] = [];
      for (const part of await list.from(text)) parts.push(await word.from(part));
      return parts;
    },
    completion: { words, list: true },
  };
}

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86400 };

/** A duration such as `90s`, `30m`, `2h` or `1h30m`, in seconds; a bare number is seconds. */
export const duration: TextType<number> = textType("duration", "e.g. 90s, 30m, 2h, 1h30m", (text) => {
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
export const memory: TextType<number> = textType("size", "e.g. 8G or 512M", (text) => {
  const [, number, unit] = /^([1-9]\d{0,6})([MG])i?B?$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`found ${JSON.stringify(text)}, expected a size such as 8G or 512M`);
  return Number(number) * (unit === "G" ? 1024 : 1);
});

/** A part of the work such as `2/4`: its number from 1, and how many there are; or `auto/4`. */
export const part: TextType<{ number: number; of: number } | SharedIndex> = textType(
  "i/n|auto/n",
  "e.g. 2/4, or auto/4",
  (text) => {
    const shared = sharedIndex(text);
    if (shared !== undefined) return shared;
    const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
    const [number, of] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || number < 1 || number > of) {
      throw new Error(`found ${JSON.stringify(text)}, expected a part such as 2/4, or auto/4`);
    }
    return { number, of };
  },
);

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

/** The options that say how a data set folder is to be read. */
export const datasetOptions = {
  layout: option({
    long: "layout",
    type: optional(oneWordOf(["msd", "nnunet", "brats", "lgg", "pairs"])),
    description: "layout of the data set folder: msd, nnunet, brats, lgg or pairs (recognized)",
  }),
  map: option({
    long: "map",
    type: optional(textType("a:b,…", "pairs of label values", (text) => text)),
    description: "take label values for others, e.g. 4:3",
  }),
  ignore: option({
    long: "ignore",
    type: optional(list),
    description: 'label values or names whose voxels are left out of losses and scores ("ignore", where there is one)',
  }),
  group: option({
    long: "group",
    type: optional(textType("pattern", "a regular expression", (text) => text)),
    description: "for PNG and TIFF slices: regular expression whose first group is the patient in a file's name",
  }),
  spacingMm: option({
    long: "spacing",
    type: optional(textType("x,y,z", "sizes in mm", (text) => {
      const sizes = text.split(",").map(Number);
      if (sizes.length < 2 || sizes.length > 3 || !sizes.every((size) => size > 0 && Number.isFinite(size))) {
        throw new Error(`found ${JSON.stringify(text)}, expected two or three sizes in mm such as 0.5,0.5,3`);
      }
      return sizes;
    })),
    description: "for PNG and TIFF slices: sizes of columns, rows and slices in mm",
  }),
  ignoreOrigin: flag({ long: "ignore-origin", description: "accept masks whose origin or direction differs" }),
};

/** What is done to masks after the network: the clean-up, and averaging before it. */
export const maskOptions = {
  threshold: option({
    long: "threshold",
    type: optional(realNumber(0, 1)),
    description: "probability from which on a voxel belongs to a class (the model's own)",
  }),
  mirror: flag({
    long: "mirror",
    description: "average with the left-right mirror image, for models trained with it; takes twice the time",
  }),
  fillHoles: flag({ long: "fill-holes", description: "fill holes inside of masks" }),
  minimumVolumeMl: option({
    long: "minimum-volume-ml",
    type: optional(realNumber(0)),
    description: "remove connected parts of a class that are smaller, in ml, e.g. 0.05",
  }),
  largestComponent: flag({
    long: "largest-component",
    description: "keep the largest connected part of every class alone",
  }),
};
