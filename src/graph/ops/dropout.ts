/** Dropout outside of training: nothing is dropped. */
import type { OpDefinition, Value } from "../op.ts";
import { noFlops, noTensorRtLimit } from "../op.ts";

/** y = x; the second output says that every element was kept */
export const dropout: OpDefinition<readonly [Value], { ratio: "float"; seed: "int"; training_mode: "int" }> = {
  type: "Dropout",
  sinceOpset: 10,
  attributes: { ratio: "float", seed: "int", training_mode: "int" },
  attributeInputs: {
    ratio: { position: 1, sinceOpset: 12, elementType: "float32", scalar: true },
    training_mode: { position: 2, sinceOpset: 12, elementType: "bool", scalar: true },
  },
  optionalOutputs: true,
  random: true,
  resolve: (_inputs, { ratio, training_mode = 0 }) => {
    if (training_mode !== 0) throw new RangeError("Dropout is in training mode; export the model for inference");
    return { ratio };
  },
  outputTypes: ([x]) => [x.type, { elementType: "bool", shape: x.type.shape }],
  flops: noFlops,
  tensorRtLimit: noTensorRtLimit,
  // dx = dy
  gradient: ({ dy }) => dy,
};
