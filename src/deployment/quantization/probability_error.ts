/** How far the probabilities of a changed network are from those of the network itself, on the same slices. */
import type { DescribedModel } from "../../model/model.ts";
import { createNetwork, type Network } from "../../prediction/network.ts";
import { addProbabilities } from "../../prediction/probabilities.ts";

/** More slices than these change the order of layers no more. */
const SLICES = 24;

/** Compares networks with one that is known. */
export class ProbabilityError {
  readonly #slices: readonly Float32Array[];
  readonly #expected: readonly Float32Array[];

  private constructor(slices: readonly Float32Array[], expected: readonly Float32Array[]) {
    this.#slices = slices;
    this.#expected = expected;
  }

  /** Keeps what `model` answers on some of `slices`, taken evenly. */
  static async of(model: DescribedModel, slices: readonly Float32Array[]): Promise<ProbabilityError> {
    const count = Math.min(SLICES, slices.length);
    const some = Array.from({ length: count }, (_, i) => slices[Math.floor(i * slices.length / count)] as Float32Array);
    return new ProbabilityError(some, await answers(model, some));
  }

  /** Mean absolute difference of a probability, 0 to 1. */
  async measure(model: DescribedModel): Promise<number> {
    let [sum, count] = [0, 0];
    for (const [i, found] of (await answers(model, this.#slices)).entries()) {
      const expected = this.#expected[i] as Float32Array;
      for (let k = 0; k < found.length; k++) sum += Math.abs((found[k] as number) - (expected[k] as number));
      count += found.length;
    }
    return sum / count;
  }
}

async function answers(model: DescribedModel, slices: readonly Float32Array[]): Promise<Float32Array[]> {
  const network = await createNetwork(model, { exactQuantization: true });
  try {
    const found: Float32Array[] = [];
    for (let start = 0; start < slices.length; start += network.batch) {
      found.push(...await run(network, slices.slice(start, start + network.batch), model));
    }
    return found;
  } finally {
    await network.release();
  }
}

async function run(
  network: Network,
  slices: readonly Float32Array[],
  { metadata: { output: { activation } } }: DescribedModel,
): Promise<Float32Array[]> {
  const length = (slices[0] as Float32Array).length;
  const images = new Float32Array(slices.length * length);
  slices.forEach((slice, i) => images.set(slice, i * length));
  const { logits, classes, size } = await network.run(images, slices.length);
  return slices.map((_, i) => {
    const pixels = classes * size * size;
    const probabilities = new Float32Array(pixels);
    const options = { classes, size, activation, mirrored: false, weight: 1 };
    addProbabilities(probabilities, logits.subarray(i * pixels, (i + 1) * pixels), options);
    return probabilities;
  });
}
