/** A TensorRT engine in place of the network, run by trtexec. */
import { Failure } from "../failure.ts";
import type { ModelMetadata } from "../graph/onnx/metadata.ts";
import type { Reporter } from "../reporter.ts";
import { runEngine, type RunnableEngine } from "../tensorrt/engine_runner.ts";
import type { Trtexec } from "../tensorrt/trtexec.ts";
import type { Network } from "./network.ts";

/**
 * A network over an engine; each run starts trtexec as often as the images need it.
 *
 * @throws {Failure} where the engine lacks the answer, or its run fails.
 */
export function engineNetwork(
  trtexec: Trtexec,
  engine: RunnableEngine,
  { metadata, reporter, signal }: { metadata: ModelMetadata; reporter: Reporter; signal: AbortSignal },
): Network {
  const { answer } = metadata.output;
  const output = engine.outputs.find(({ name }) => name === answer);
  const [, classes, size] = output?.shape ?? [];
  if (classes === undefined || size === undefined) {
    throw new Failure(`Cannot run ${engine.path}: it has no output ${answer}; export the model again`);
  }
  return {
    // As many images as fit into a few hundred MB: trtexec takes seconds to start, whatever it is given.
    batch: 64,
    release: () => Promise.resolve(),
    async run(images, count) {
      const length = images.length / count;
      const outputs = await runEngine(trtexec, engine, images.subarray(0, count * length), { reporter, signal });
      return { logits: outputs[answer] as Float32Array, classes, size };
    },
  };
}
