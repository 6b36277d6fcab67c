/** The names of the layouts, apart from what reads them: the command line needs no more. */

/** The names that `--layout` takes, in the order in which layouts are tried. */
export const LAYOUT_NAMES = ["msd", "nnunet", "brats", "lgg", "pairs"] as const;

/** The layouts that are recognized. */
export type LayoutName = (typeof LAYOUT_NAMES)[number];
