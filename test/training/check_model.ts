/** Makes sure that a model file is whole: it loads, and runs on zeros. */
import { createSession } from "../../src/runtime/session.ts";
import { floats } from "../../src/graph/tensor_type.ts";

/** @throws {Error} where the model is damaged. */
export async function checkModel(bytes: Uint8Array, size = 16): Promise<void> {
  const session = await createSession(bytes, { threads: 1 });
  await session.run({ image: floats(new Float32Array(size * size), [1, 1, size, size]) });
  await session.release();
}
