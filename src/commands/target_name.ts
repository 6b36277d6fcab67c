/** The value of `--target`. */
import { findTarget, TARGETS } from "../tensorrt/targets.ts";
import { textType } from "./arguments.ts";
import { didYouMean } from "./did_you_mean.ts";
import type { CompletedType } from "./option.ts";

const NAMES = Object.keys(TARGETS);

/** The devices, for the help of an option. */
export const TARGET_WORDS = `${NAMES.join(", ")}; with another TensorRT e.g. orin-nano@8.6`;

/** The name of a target, with or without a TensorRT of its own: `nano`, `orin-nano@8.6`. */
export const targetName: CompletedType<string> = {
  ...textType("name", "the name of a device", (text) => {
    const meant = text.includes("@") || NAMES.includes(text) ? undefined : didYouMean(text, NAMES);
    if (meant !== undefined) {
      throw new Error(`found ${JSON.stringify(text)}, expected one of ${TARGET_WORDS}; did you mean ${meant}?`);
    }
    return findTarget(text).name;
  }),
  completion: { words: NAMES },
};
