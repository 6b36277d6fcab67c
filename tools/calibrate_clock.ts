/**
 * Fits the candidates for the clock to published Jetson Nano times and prints how far each errs on times that it was not fitted to:
 * node dist/tools/calibrate_clock.js [RESULT…], where RESULT is the folder `result` of a kit.
 */
import process from "node:process";
import { alignColumns } from "../src/text.ts";
import { CANDIDATES, CHOSEN, fit, heldOut, predict, rmsError, spread } from "./clock/fit.ts";
import { kitObservation, publishedObservations } from "./clock/observations.ts";

const seen = [...publishedObservations(), ...process.argv.slice(2).map(kitObservation)];
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

console.log(alignColumns([
  ["candidate", "coefficients", "in sample", "leave one out", "worst", "leave one source out"],
  ...CANDIDATES.map((candidate) => {
    const coefficients = fit(candidate, seen);
    const inside = seen.map((one) => predict(candidate, coefficients, one) / one.ms);
    const [one, source] = [
      heldOut(candidate, seen, ({ name }) => name),
      heldOut(candidate, seen, (other) => other.source),
    ];
    return [
      candidate.name,
      candidate.fixed ? "" : coefficients.map((value) => value.toFixed(4)).join(" "),
      percent(rmsError(inside)),
      percent(rmsError(one)),
      percent(Math.max(...one.map((ratio) => Math.abs(ratio - 1)))),
      percent(rmsError(source)),
    ];
  }),
]));

const coefficients = fit(CHOSEN, seen);
console.log(
  `\n${CHOSEN.name}: 90 % of the times of other sources lie within a factor of ${
    spread(heldOut(CHOSEN, seen, ({ source }) => source), 0.9).toFixed(3)
  }\n`,
);
console.log(alignColumns([
  ["network", "kernels", "arithmetic (ms)", "memory (ms)", "published (ms)", "estimate (ms)"],
  ...seen.map((one) => [
    one.name,
    String(one.kernels),
    one.arithmeticMs.toFixed(2),
    one.memoryMs.toFixed(2),
    one.ms.toFixed(1),
    predict(CHOSEN, coefficients, one).toFixed(1),
  ]),
]));
