/** The options that describe a network to build. */
import { optional } from "cmd-ts";
import { HEAD_NAMES, NET_NAMES } from "../graph/nets/names.ts";
import { oneWordOf, wholeNumber } from "./arguments.ts";
import { option } from "./option.ts";

export const netOptions = {
  net: option({
    long: "net",
    type: { ...oneWordOf(NET_NAMES), defaultValue: () => "j-net" },
    description: `network: ${NET_NAMES.join(", ")} (j-net)`,
  }),
  head: option({
    long: "head",
    type: optional(oneWordOf(HEAD_NAMES)),
    description: `what raises the size of its output: ${HEAD_NAMES.join(", ")} (j for j-net, else bilinear-loss)`,
  }),
  width: option({
    long: "width",
    type: { ...wholeNumber(1, 1024), defaultValue: () => 16 },
    description: "channels of the first level (16)",
  }),
  inputSize: option({
    long: "input-size",
    type: { ...wholeNumber(1, 4096), defaultValue: () => 64 },
    description: "side of the square that the network reads, in pixels (64)",
  }),
  outputSize: option({
    long: "output-size",
    type: { ...wholeNumber(1, 4096), defaultValue: () => 256 },
    description: "side of the square that it writes (256)",
  }),
};
