/**
 * Times how long a batch takes to be filled and augmented.
 *
 * usage: deno run -A tools/bench_augment.ts [batch=16] [input=64] [output=256]
 */
import { Random } from "../src/random.ts";
import { AUGMENTATIONS, createAugmentation } from "../src/training/augmentations.ts";
import { fillBatch } from "../src/training/batches.ts";
import { type Sample, sparseTarget } from "../src/training/samples.ts";

const [batch = 16, inputSize = 64, outputSize = 256] = process.argv.slice(2).map(Number);
const REPEATS = 60;

for (const channels of [1, 4]) {
  const random = new Random(0);
  const samples: Sample[] = Array.from({ length: batch }, () => {
    const pixels = outputSize ** 2;
    const shares = new Float32Array(2 * pixels);
    const [x, y, radius] = [random.uniform(0.3, 0.7), random.uniform(0.3, 0.7), random.uniform(0.02, 0.15)];
    for (let pixel = 0; pixel < pixels; pixel++) {
      const [column, row] = [(pixel % outputSize) / outputSize, Math.floor(pixel / outputSize) / outputSize];
      shares[pixels + pixel] = Number(Math.hypot(column - x, row - y) < radius);
      shares[pixel] = 1 - (shares[pixels + pixel] as number);
    }
    return {
      image: Float32Array.from({ length: channels * inputSize ** 2 }, () => random.normal()),
      target: sparseTarget(shares, { classes: 2, size: outputSize }),
    };
  });
  const arrays = {
    image: new Float32Array(batch * channels * inputSize ** 2),
    target: new Float32Array(batch * outputSize ** 2),
  };
  for (const name of Object.keys(AUGMENTATIONS)) {
    const augmentation = createAugmentation({ name, labels: 1 });
    const times = Array.from({ length: REPEATS }, () => {
      const start = performance.now();
      fillBatch(arrays, samples, { inputSize, outputSize, channels, classes: 1, augmentation, random });
      return performance.now() - start;
    }).slice(REPEATS / 3).sort((a, b) => a - b);
    const at = (share: number) => (times[Math.floor(share * times.length)] as number).toFixed(2);
    console.log(
      `${name}, ${batch} slices of ${channels} × ${inputSize} px with targets of ${outputSize} px: ` +
        `fastest ${at(0)} ms, median ${at(0.5)} ms`,
    );
  }
}
