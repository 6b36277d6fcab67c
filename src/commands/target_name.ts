/** The value of `--target`. */
import { didYouMean } from "../command_line/did_you_mean.ts";
import type { ValueType } from "../command_line/option.ts";
import { found } from "../command_line/types.ts";
import { findTarget, TARGETS } from "../tensorrt/targets.ts";

const NAMES = Object.keys(TARGETS);

/** The devices, for the help of an option. */
export const TARGET_WORDS = `${NAMES.join(", ")}; with another TensorRT e.g. orin-nano@8.6`;

/** The name of a target, with or without a TensorRT of its own: `nano`, `orin-nano@8.6`. */
export const targetName: ValueType<string> = {
  placeholder: "NAME",
  example: "nano",
  completion: { words: NAMES },
  read(text) {
    const meant = text.includes("@") || NAMES.includes(text) ? undefined : didYouMean(text, NAMES);
    if (meant !== undefined) throw new Error(`${found(text)}, expected one of ${TARGET_WORDS}; did you mean ${meant}?`);
    return findTarget(text).name;
  },
};
