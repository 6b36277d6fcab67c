/** The names of losses and augmentations, apart from what computes them: the command line needs no more. */

/** The names that `--loss` takes. */
export const LOSS_NAMES = ["bce", "ce", "dice", "dice-bce", "dice-ce", "focal"] as const;
/** The names that `--augment` takes. */
export const AUGMENTATION_NAMES = ["none", "flips", "mri", "mri-strong"] as const;

export type LossName = (typeof LOSS_NAMES)[number];
export type AugmentationName = (typeof AUGMENTATION_NAMES)[number];
