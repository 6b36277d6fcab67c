/** Types of values: what a text on the command line must be, and what it becomes. */
import { existsSync, statSync } from "node:fs";
import { shown, shownText } from "../shown.ts";
import { didYouMean } from "./did_you_mean.ts";
import type { ValueType } from "./option.ts";

/** The start of a message about a text that is not what was expected. */
export function found(text: string): string {
  return `found ${shown(text)}`;
}

/** Where the command line is going to run. */
export interface Place {
  /** Paths are of another machine: they are taken as they are. */
  readonly pathsElsewhere?: boolean;
}

/** What a text becomes. @throws {Error} with what a user is told. */
export function readValue<T>(type: ValueType<T>, text: string, { pathsElsewhere = false }: Place = {}): T {
  const value = type.read(text);
  if (type.existing !== undefined && !pathsElsewhere) refuseAbsent(text, type.existing);
  return value;
}

/** A text as it is. */
export function plainText(placeholder: string, example: string): ValueType<string> {
  return { placeholder, example, read: (text) => text };
}

/** A file that exists. */
export const existingFile: ValueType<string> = existing("FILE", "file");
/** A folder that exists. */
export const existingFolder: ValueType<string> = existing("FOLDER", "folder");
/** A file or a folder that exists. */
export const existingPath: ValueType<string> = existing("PATH", "path");

function existing(placeholder: string, kind: "file" | "folder" | "path"): ValueType<string> {
  return {
    placeholder,
    example: `some/${kind}`,
    completion: kind === "folder" ? "folder" : "file",
    existing: kind,
    read: (text) => text,
  };
}

const LONGEST_PATH = 200;
const NOUNS = { file: "file", folder: "folder", path: "file or folder" } as const;

/** @throws {Error} where there is nothing at `path`, or something else than expected. */
function refuseAbsent(path: string, expected: "file" | "folder" | "path"): void {
  const name = shownText(path, LONGEST_PATH);
  if (!existsSync(path)) throw new Error(`there is no ${NOUNS[expected]} ${name}; check the path`);
  const stats = statSync(path);
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new Error(`${name} is a pipe, a socket or a device, expected a ${NOUNS[expected]}; give one with content`);
  }
  const is = stats.isFile() ? "file" : "folder";
  if (expected === "path" || is === expected) return;
  throw new Error(`${name} is a ${is}, expected a ${expected}; name the ${expected} itself`);
}

/** A name for a folder that is to be written. */
export const outputFolder: ValueType<string> = {
  placeholder: "FOLDER",
  example: "some/folder",
  completion: "folder",
  read(text) {
    if (text === "") throw new Error(`${found(text)}, expected a folder`);
    if (existsSync(text) && !statSync(text).isDirectory()) throw new Error(`${text} is a file, expected a folder`);
    return text;
  },
};

/** A name for a file that is to be written. */
export function outputFile(ending: string): ValueType<string> {
  return {
    placeholder: "FILE",
    example: `some${ending}`,
    completion: "file",
    read(text) {
      if (!text.endsWith(ending)) throw new Error(`${found(text)}, expected a name that ends in ${ending}`);
      if (existsSync(text) && statSync(text).isDirectory()) throw new Error(`${text} is a folder, expected a file`);
      return text;
    },
  };
}

/** A whole number in a range. */
export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): ValueType<number> {
  return {
    placeholder: "N",
    example: String(minimum),
    read(text) {
      const value = Number(text);
      if (!/^[+-]?\d+$/.test(text) || value < minimum || value > maximum) {
        const range = maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `of ${minimum} to ${maximum}`;
        throw new Error(`${found(text)}, expected a whole number ${range}`);
      }
      return value;
    },
  };
}

/** A number in a range; `open` leaves out the lower end. */
export function realNumber(
  minimum: number,
  maximum: number = Infinity,
  { open = false }: { open?: boolean } = {},
): ValueType<number> {
  return {
    placeholder: "NUMBER",
    example: maximum === Infinity ? String(minimum + 1) : String(maximum),
    read(text) {
      const value = Number(text);
      if (
        text.trim() === "" || Number.isNaN(value) || !(open ? value > minimum : value >= minimum) || value > maximum
      ) {
        const range = maximum === Infinity
          ? `${open ? "above" : "from"} ${minimum}`
          : `${open ? `above ${minimum} up` : `of ${minimum}`} to ${maximum}`;
        throw new Error(`${found(text)}, expected a number ${range}`);
      }
      return value;
    },
  };
}

/** One of several words. */
export function oneWordOf<const W extends string>(words: readonly W[]): ValueType<W> {
  return {
    placeholder: words.join("|").length > 24 ? "NAME" : words.join("|"),
    example: words[0] ?? "",
    completion: { words },
    read(text) {
      const word = words.find((one) => one === text);
      if (word !== undefined) return word;
      const meant = didYouMean(text, words);
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      throw new Error(`${found(text)}, expected one of ${words.join(", ")}${hint}`);
    },
  };
}

/** A list such as `0,1` or `flair,t1ce`. */
export const list: ValueType<string[]> = {
  placeholder: "A,B,…",
  example: "0,1",
  read(text) {
    const parts = text.split(",").map((part) => part.trim());
    if (parts.includes("")) throw new Error(`${found(text)}, expected a list such as 0,1`);
    return parts;
  },
};

/** A list of numbers from 0. */
export const numbers: ValueType<number[]> = listOfEach(realNumber(0));

/** A list whose parts are among several words. */
export function listOf<const W extends string>(words: readonly W[]): ValueType<W[]> {
  return { ...listOfEach(oneWordOf(words)), example: words[0] ?? "", completion: { words, list: true } };
}

function listOfEach<T>(type: ValueType<T>): ValueType<T[]> {
  return {
    placeholder: list.placeholder,
    example: `${type.example},${type.example}`,
    read: (text) => list.read(text).map((part) => type.read(part)),
  };
}

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86400 };

/** A duration such as `90s`, `30m`, `2h` or `1h30m`, in seconds. A number without a unit is refused: it could be of any. */
export const duration: ValueType<number> = {
  placeholder: "TIME",
  example: "30m",
  read(text) {
    const expected = "expected a duration such as 90s, 30m, 2h or 1h30m";
    const bare = /^\s*(\d+(?:\.\d+)?)\s*$/.exec(text)?.[1];
    if (bare !== undefined) {
      throw new Error(`${found(text)} without a unit, ${expected}: write ${bare}s for seconds, ${bare}m for minutes`);
    }
    const parts = text.length > 100 ? [] : [...text.matchAll(/(\d+(?:\.\d+)?)\s*(min|[smhd])/g)];
    const seconds = parts.reduce(
      (sum, [, number, unit = ""]) => sum + Number(number) * (SECONDS_OF_UNIT[unit] as number),
      0,
    );
    if (parts.map(([whole]) => whole).join("") !== text.trim() || !(seconds > 0)) {
      throw new Error(`${found(text)}, ${expected}`);
    }
    return seconds;
  },
  unit: "s",
  ofNumber(value) {
    if (!(value > 0 && value < Infinity)) throw new Error(`found ${value}, expected seconds above 0`);
    return value;
  },
};

/** A size of memory such as `8G` or `512M`, in MiB. */
export const memory: ValueType<number> = {
  placeholder: "SIZE",
  example: "8G",
  read(text) {
    const [, number, unit] = /^([1-9]\d{0,6})([MG])i?B?$/.exec(text) ?? [];
    if (number === undefined) throw new Error(`${found(text)}, expected a size such as 8G or 512M`);
    return Number(number) * (unit === "G" ? 1024 : 1);
  },
};

/** Sizes by name, such as `height=256,width=256`. */
export const sizesByName: ValueType<Readonly<Record<string, number>>> = {
  placeholder: "NAME=N,…",
  example: "height=256,width=256",
  read(text) {
    const sizes: Record<string, number> = {};
    for (const one of text.split(",")) {
      const [, name, size] = /^([^=]+)=([1-9]\d{0,6})$/.exec(one.trim()) ?? [];
      if (name === undefined || name in sizes) {
        throw new Error(`${found(text)}, expected sizes such as height=256,width=256`);
      }
      sizes[name] = Number(size);
    }
    return sizes;
  },
};
