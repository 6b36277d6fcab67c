/** Sums of products over named axes. */
import type { OpDefinition, Value } from "../op.ts";
import { noTensorRtLimit } from "../op.ts";
import { type TensorType } from "../tensor_type.ts";

interface Equation {
  /** The letters of each operand's axes. */
  readonly operands: readonly string[];
  readonly output: string;
}

/** @throws {RangeError} for forms whose gradient has no such form: an ellipsis, or a letter twice in one operand or in the output. */
function parseEquation(text: string): Equation {
  const [left = "", right] = text.replaceAll(" ", "").split("->");
  const operands = left.split(",");
  // Without an arrow the output has the letters that stand once, in alphabetical order (ONNX Einsum-12).
  const letters = [...operands.join("")].sort();
  const output = right ??
    letters.filter((letter, i) => letter !== letters[i - 1] && letter !== letters[i + 1]).join("");
  for (const term of [...operands, output]) {
    if (!/^[A-Za-z]*$/.test(term)) throw new RangeError(`Einsum is supported with letters alone: found ${text}`);
    if (new Set(term).size < term.length) {
      throw new RangeError(`Einsum is supported with a letter once per term: found ${term} in ${text}`);
    }
  }
  return { operands, output };
}

/** The size of each letter. @throws {RangeError} where operands and equation do not fit each other. */
function sizesOf({ operands, output }: Equation, inputs: readonly Value[]): Map<string, number> {
  if (operands.length !== inputs.length) {
    throw new RangeError(`Einsum of ${operands.length} terms needs as many operands: found ${inputs.length}`);
  }
  const sizes = new Map<string, number>();
  operands.forEach((term, i) => {
    const { name, type: { shape } } = inputs[i] as Value;
    if (term.length !== shape.length) {
      throw new RangeError(`Einsum names ${term.length} axes of ${name} by ${term}: it has ${shape.length}`);
    }
    [...term].forEach((letter, axis) => {
      const size = shape[axis] as number;
      const known = sizes.get(letter) ?? size;
      if (known !== size) {
        throw new RangeError(`Einsum needs one size for ${letter}: found ${known} and ${size} in ${name}`);
      }
      sizes.set(letter, size);
    });
  });
  for (const letter of output) {
    if (!sizes.has(letter)) throw new RangeError(`Einsum has no operand with the letter ${letter} of its output`);
  }
  return sizes;
}

/** y = Σ over the letters that the output lacks of the product of all operands; "bci,bcj->bij" is Aᵀ · B for each b. */
export const einsum: OpDefinition<readonly Value[], { equation: "string" }> = {
  type: "Einsum",
  sinceOpset: 12,
  attributes: { equation: "string" },
  weights: [0, 1],
  resolve: (_inputs, { equation = "" }) => {
    const { operands, output } = parseEquation(equation);
    return { equation: `${operands.join()}->${output}` };
  },
  outputTypes: (inputs, { equation = "" }) => {
    const parsed = parseEquation(equation);
    const sizes = sizesOf(parsed, inputs);
    const shape = [...parsed.output].map((letter) => sizes.get(letter) as number);
    return [{ elementType: (inputs[0] as Value).type.elementType, shape } satisfies TensorType];
  },
  flops: (inputs, _outputs, { equation = "" }) => {
    const sizes = sizesOf(parseEquation(equation), inputs);
    return inputs.length * [...sizes.values()].reduce((product, size) => product * size, 1);
  },
  tensorRtLimit: noTensorRtLimit,
  // dx = the same sum with dy in the place of x; along letters that x has alone it is the same everywhere
  gradient: ({ inputs, attributes: { equation = "" }, position, dy, math }) => {
    const { operands, output } = parseEquation(equation);
    const own = operands[position] as string;
    const shape = (inputs[position] as Value).type.shape;
    const others = operands.filter((_, i) => i !== position);
    const shared = [...own].filter((letter) => output.includes(letter) || others.join("").includes(letter)).join("");
    const dx = math.apply(einsum, [dy, ...inputs.filter((_, i) => i !== position)], {
      equation: `${[output, ...others].join()}->${shared}`,
    });
    if (shared === own) return dx;
    return math.expand(
      math.reshape(dx, shape.map((size, axis) => shared.includes(own[axis] as string) ? size : 1)),
      shape,
    );
  },
};
