/** What the inputs of convolutions look like on real images. */
import type { Graph, Node } from "../../graph/graph.ts";
import { encodeModel } from "../../graph/onnx/encode.ts";
import type { Value } from "../../graph/op.ts";
import { rewrite } from "../../graph/passes/rewrite.ts";
import { elementCount, floats } from "../../graph/tensor_type.ts";
import type { WorkContext } from "../../reporter.ts";
import { createSession } from "../../runtime/session.ts";
import { MagnitudeHistogram } from "./magnitude_histogram.ts";

/** Histograms of the first input of each of `nodes`, over all `slices`; the graph has one input `[N, channels, size, size]`. */
export async function observeActivations(
  graph: Graph,
  nodes: readonly Node[],
  { slices, opset, reporter, signal }: {
    readonly slices: readonly Float32Array[];
    readonly opset: number;
  } & WorkContext,
): Promise<ReadonlyMap<Value, MagnitudeHistogram>> {
  const [image] = graph.inputs as [Value];
  const values = [...new Set(nodes.map(({ inputs: [x] }) => x as Value))];
  const histograms = new Map(values.map((value) => [value, new MagnitudeHistogram()]));
  const computed = values.filter((value) => value !== image);
  const observed = rewrite(graph, { outputs: computed });
  const { shape } = image.type;
  const batch = new Float32Array(elementCount(shape));
  const session = computed.length === 0 ? undefined : await createSession(encodeModel(observed.graph, { opset }));
  try {
    const length = batch.length / (shape[0] as number);
    for (let start = 0; start < slices.length; start += shape[0] as number) {
      signal.throwIfAborted();
      reporter.progress(`Calibrating on slice ${start + 1} of ${slices.length}`);
      // The last batch is filled up with slices of the one before.
      slices.slice(start, start + (shape[0] as number)).forEach((slice, i) => batch.set(slice, i * length));
      histograms.get(image)?.add(batch);
      const outputs = await session?.run({ [observed.valueOf(image).name]: floats(batch, shape) });
      for (const value of computed) {
        histograms.get(value)?.add(outputs?.[observed.valueOf(value).name]?.values as Float32Array);
      }
    }
  } finally {
    await session?.release();
  }
  return histograms;
}
