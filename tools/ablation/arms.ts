/** What an ablation compares: networks, heads, sizes and recipes. */

/** Options of `seg train` under a name; the input is area-averaged in all of them. */
export const RECIPES: Readonly<Record<string, readonly string[]>> = {
  // Binary cross-entropy, the mask of the lowest level by its nearest pixels, random flips, Adam, the last weights: as J-Net's authors train.
  authors: [...slow("bce", "flips"), "--level-targets", "nearest"],
  bce: slow("bce", "flips"),
  averaged: [...slow("bce", "flips"), "--average-decay", "0.99"],
  "bce-mri": [...slow("bce", "mri"), "--average-decay", "0.99"],
  weighted: [...slow("bce", "mri"), "--average-decay", "0.99", "--class-weights", "1,4"],
  dice: slow("dice-bce", "flips"),
  "dice-averaged": [...slow("dice-bce", "flips"), "--average-decay", "0.99"],
  mri: [...slow("dice-bce", "mri"), "--average-decay", "0.99"],
  "one-cycle": [...oneCycle("mri"), "--class-weights", "1,4"],
  "strong-one-cycle": oneCycle("mri-strong"),
  // Those of seg train for one class.
  defaults: ["--loss", "bce", "--augment", "mri-strong", "--learning-rate", "3e-3"],
  // Of several classes.
  ce: slow("ce", "none"),
  "ce-3": ["--loss", "ce", "--augment", "none", "--learning-rate", "3e-3"],
};

function slow(loss: string, augment: string): string[] {
  return ["--loss", loss, "--augment", augment, "--learning-rate", "1e-3"];
}

function oneCycle(augment: string): string[] {
  return ["--loss", "bce", "--augment", augment, "--schedule", "one-cycle", "--learning-rate", "3e-3"];
}

/** `bce@0.2` is the recipe bce with masks cut at a probability of 0.2 in place of 0.5: another scoring of the same training. */
export function recipeOf(name: string): { readonly training: string; readonly threshold: string | undefined } {
  const [training = "", threshold] = name.split("@");
  return { training, threshold };
}

/** One way of training, whatever the seed and the fold. */
export interface Arm {
  readonly net: string;
  readonly head: string;
  readonly inputSize: number;
  readonly recipe: string;
}

/** One training: an arm with a seed and a fold. */
export interface Cell extends Arm {
  readonly seed: number;
  readonly fold: number;
}

/** All combinations, those of one seed and fold side by side, so that an ablation that is stopped early can be read. */
export function cellsOf(
  { nets, heads, inputSizes, recipes, seeds, folds }: {
    readonly nets: readonly string[];
    readonly heads: readonly string[];
    readonly inputSizes: readonly number[];
    readonly recipes: readonly string[];
    readonly seeds: readonly number[];
    readonly folds: number;
  },
): Cell[] {
  return seeds.flatMap((seed) =>
    Array.from({ length: folds }, (_, fold) => fold).flatMap((fold) =>
      inputSizes.flatMap((inputSize) =>
        recipes.flatMap((recipe) =>
          nets.flatMap((net) => heads.map((head) => ({ net, head, inputSize, recipe, seed, fold })))
        )
      )
    )
  );
}

/** `elu-net j 16 px authors` */
export function armName({ net, head, inputSize, recipe }: Arm): string {
  return `${net} ${head} ${inputSize} px ${recipe}`;
}

/** Whether `text` means this arm: its head, `head+recipe`, or its whole name. */
export function isMeant(arm: Arm, text: string): boolean {
  return [arm.head, `${arm.head}+${arm.recipe}`, armName(arm)].includes(text);
}

/** The folder of a cell inside the ablation's. */
export function cellName(cell: Cell): string {
  return `${armName(cell).replaceAll(" ", "_")}_seed${cell.seed}_fold${cell.fold}`;
}
