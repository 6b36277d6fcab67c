/** The options that describe a network to build. */
import { grouped, option } from "../command_line/option.ts";
import { oneWordOf, wholeNumber } from "../command_line/types.ts";
import { HEAD_NAMES, NET_NAMES } from "../graph/nets/names.ts";

export const netOptions = grouped("Network", {
  net: option({
    long: "net",
    type: oneWordOf(NET_NAMES),
    default: "j-net",
    description: `network: ${NET_NAMES.join(", ")}`,
  }),
  head: option({
    long: "head",
    type: oneWordOf(HEAD_NAMES),
    description: `what raises the size of its output: ${HEAD_NAMES.join(", ")}`,
    otherwise: "j for j-net, else bilinear-loss",
  }),
  width: option({
    long: "width",
    type: wholeNumber(1, 1024),
    default: 16,
    description: "channels of the first level",
  }),
  inputSize: option({
    long: "input-size",
    type: wholeNumber(1, 4096),
    default: 64,
    description: "side of the square that the network reads, in pixels",
  }),
  outputSize: option({
    long: "output-size",
    type: wholeNumber(1, 4096),
    default: 256,
    description: "side of the square that it writes",
  }),
});
