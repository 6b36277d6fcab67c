/** Whether a model from elsewhere can be trained: tried, by building the session that would train it. */
import { messageOf } from "../failure.ts";
import { NET_NAMES } from "../graph/nets/names.ts";
import { encodeModel } from "../graph/onnx/encode.ts";
import type { Model } from "../model/model.ts";
import { trainableGraph } from "../model/trainable_graph.ts";
import { createSession } from "../runtime/session.ts";
import { createLoss } from "./losses.ts";
import { trainingGraph } from "./step/training_graph.ts";
import { TRAINING_OPSET } from "./step/training_step.ts";

/**
 * Why `model` cannot be trained; `undefined` where ONNX Runtime takes its training model, and for networks of this program, which its
 * tests train.
 *
 * @param dimensions sizes of symbolic dimensions by name.
 */
export async function trainingFault(
  { onnx, metadata }: Model,
  dimensions: Readonly<Record<string, number>>,
): Promise<string | undefined> {
  if ((NET_NAMES as readonly unknown[]).includes(metadata?.net["name"])) return undefined;
  try {
    // Two images: one value per channel has no variance.
    const inputs = onnx.inputs.map((input) =>
      input.shape === undefined ? input : { ...input, shape: [2, ...input.shape.slice(1)] }
    );
    const { graph } = trainableGraph({ ...onnx, inputs }, { batch: 2, dimensions });
    const classes = graph.outputs.at(-1)?.type.shape[1] ?? 1;
    const loss = createLoss(classes > 1 ? "ce" : "bce", { channels: classes });
    const training = trainingGraph(graph, { loss });
    const session = await createSession(encodeModel(training.graph, { opset: TRAINING_OPSET }), { threads: 1 });
    await session.release();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
