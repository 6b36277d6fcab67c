/** The names of networks and heads alone: a command line is read without loading what they stand for. */

/** Networks that give the logits at the size of their input. */
const BACKBONE_NAMES = [
  "elu-net",
  "u-net",
  "mobile-u-net",
  "unext",
  "enet",
  "esp-net",
  "fast-scnn",
  "lr-aspp",
] as const;

/** Names of heads that `buildNet` accepts. */
export const HEAD_NAMES = ["j", "none", "bilinear-loss", "sub-pixel", "sub-pixel-4", "guided", "residual"] as const;

/** Names for a backbone with the head that its paper gave it. */
export const PAIRS: Readonly<Record<string, { readonly backbone: BackboneName; readonly head: HeadName }>> = {
  "j-net": { backbone: "elu-net", head: "j" },
};

/** Names of networks that `buildNet` accepts. */
export const NET_NAMES: readonly string[] = [...Object.keys(PAIRS), ...BACKBONE_NAMES];

export type BackboneName = (typeof BACKBONE_NAMES)[number];
export type HeadName = (typeof HEAD_NAMES)[number];
