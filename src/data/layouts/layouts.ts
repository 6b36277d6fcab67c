/** The list of layouts; a new one is its file, its line here and its test. */
import type { Layout } from "../layout.ts";
import { brats } from "./brats.ts";
import { lgg } from "./lgg.ts";
import { msd } from "./msd.ts";
import { nnunet } from "./nnunet.ts";
import { pairs } from "./pairs.ts";

/** All layouts by the name that `--layout` takes. */
export const LAYOUTS = { msd, nnunet, brats, lgg, pairs } as const satisfies Readonly<Record<string, Layout>>;

/** The layouts that are recognized. */
export type LayoutName = keyof typeof LAYOUTS;

/** The names of {@link LAYOUTS}, in their order. */
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as readonly LayoutName[];
