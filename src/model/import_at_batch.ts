/** A model's graph at the batch size that is wanted, whatever size its file was written with. */
import { messageOf } from "../failure.ts";
import type { Graph } from "../graph/graph.ts";
import { importGraph } from "../graph/onnx/import.ts";
import type { OnnxModel } from "../graph/onnx/model.ts";

/** Sizes for {@link importAtBatch}. */
export interface BatchOptions {
  readonly batch: number;
  readonly dimensions: Readonly<Record<string, number>>;
}

/**
 * Imports `model` with first dimension `batch` in every image input (rank 2 or more), where the file fixes another too.
 *
 * @param note receives a sentence where the file's batch size was changed.
 * @throws {RangeError} where a dimension has no size, an op is not known, or the graph holds only at the file's own batch size.
 */
export function importAtBatch(
  model: OnnxModel,
  { batch, dimensions }: BatchOptions,
  note: (text: string) => void,
): Graph {
  const fixed = model.inputs.map(({ shape }) => shape?.[0]).find((size) => typeof size === "number" && size !== batch);
  if (fixed === undefined) return importGraph(model, { batch, dimensions });
  const inputs = model.inputs.map((input) =>
    input.shape === undefined || input.shape.length < 2 ? input : { ...input, shape: [batch, ...input.shape.slice(1)] }
  );
  let graph: Graph;
  try {
    graph = importGraph({ ...model, inputs }, { batch, dimensions });
  } catch (error) {
    importGraph(model, { batch, dimensions });
    throw new RangeError(`it holds for batch size ${fixed} only: use --batch ${fixed} (${messageOf(error)})`, {
      cause: error,
    });
  }
  const changed = graph.outputs.find(({ type }) => type.shape.length > 1 && type.shape[0] !== batch);
  if (changed !== undefined) {
    throw new RangeError(
      `it holds for batch size ${fixed} only: use --batch ${fixed} (output ${changed.name} has first dimension ${
        changed.type.shape[0]
      })`,
    );
  }
  note(`batch size ${fixed} of the file became ${batch}`);
  return graph;
}
