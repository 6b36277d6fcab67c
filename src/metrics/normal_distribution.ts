/** The standard normal distribution. */

/**
 * The probability of a value of at most `x`: by series near 0 (Marsaglia 2004, doi 10.18637/jss.v011.i04), by Laplace's
 * continued fraction in the tails, so that a small probability keeps its digits.
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) > 3) {
    let fraction = 0;
    for (let k = 100; k > 0; k--) fraction = k / (Math.abs(x) + fraction);
    const tail = density / (Math.abs(x) + fraction);
    return x < 0 ? tail : 1 - tail;
  }
  let total = 0;
  let term = x;
  for (let k = 3; total + term !== total; k += 2) {
    total += term;
    term *= (x * x) / k;
  }
  return 0.5 + density * total;
}

/** The value that is not exceeded with a probability in (0, 1); infinite at 0 and 1. */
export function normalQuantile(probability: number): number {
  if (probability <= 0) return -Infinity;
  if (probability >= 1) return Infinity;
  let low = -40;
  let high = 40;
  while (high - low > 1e-14) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
