/** The list of layouts; a new one is its file, its name in `names.ts`, its line here and its test. */
import type { Layout } from "../layout.ts";
import { brats } from "./brats.ts";
import { lgg } from "./lgg.ts";
import { msd } from "./msd.ts";
import type { LayoutName } from "./names.ts";
import { nnunet } from "./nnunet.ts";
import { pairs } from "./pairs.ts";

/** All layouts by the name that `--layout` takes. */
export const LAYOUTS: Readonly<Record<LayoutName, Layout>> = { msd, nnunet, brats, lgg, pairs };
