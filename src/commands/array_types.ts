/** Types of arguments that may be left to the number of a task in an array job. */
import type { AutoIndex } from "../cluster/array_index.ts";
import type { ValueType } from "../command_line/option.ts";
import { found } from "../command_line/types.ts";

/** The number of a fold, `all`, or `auto`. */
export const foldNumber: ValueType<number | "all" | AutoIndex> = {
  placeholder: "N|all|auto",
  example: "0",
  completion: { words: ["all", "auto"] },
  read(text) {
    if (text === "all") return text;
    const auto = autoIndex(text);
    if (auto !== undefined) return auto;
    if (!/^\d{1,3}$/.test(text)) {
      throw new Error(`${found(text)}, expected the number of a fold from 0, all, or auto`);
    }
    return Number(text);
  },
};

/** A seed, or `auto/n`: the seed of this task among 0 to n - 1. */
export const seedNumber: ValueType<number | SharedIndex> = {
  placeholder: "N|auto/N",
  example: "1",
  read(text) {
    const shared = sharedIndex(text);
    if (shared !== undefined) return shared;
    if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 31) {
      throw new Error(
        `${found(text)}, expected a whole number of 0 to ${2 ** 31 - 1}, or auto/3 for three seeds`,
      );
    }
    return Number(text);
  },
};

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

/** A part of the work such as `2/4`: its number from 1, and how many there are; or `auto/4`. */
export const part: ValueType<{ number: number; of: number } | SharedIndex> = {
  placeholder: "I/N|auto/N",
  example: "2/4",
  read(text) {
    const shared = sharedIndex(text);
    if (shared !== undefined) return shared;
    const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
    const [number, of] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || number < 1 || number > of) {
      throw new Error(`${found(text)}, expected a part such as 2/4, or auto/4`);
    }
    return { number, of };
  },
};
