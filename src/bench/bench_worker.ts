/** The process that `seg bench` measures: it holds one model and nothing else. Reads a {@link BenchRequest} from stdin. */
import { readFileSync } from "node:fs";
import { Failure, messageOf } from "../failure.ts";
import { ELEMENT_ARRAYS, elementCount, type TensorData } from "../graph/tensor_type.ts";
import { Random } from "../random.ts";
import { createSession } from "../runtime/session.ts";
import { measureLatency } from "./measure_latency.ts";
import { parseJson } from "../json.ts";
import { type BenchMeasurement, type BenchMessage, BenchRequest } from "./worker_protocol.ts";

try {
  const result = await measured(
    parseJson(readFileSync(0, "utf8"), BenchRequest, { from: "the request", remedy: "run seg bench" }),
  );
  send({ kind: "result", result });
} catch (error) {
  send({ kind: "failure", message: messageOf(error) });
}

function send(message: BenchMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function measured(request: BenchRequest): Promise<BenchMeasurement> {
  const { file, threads, provider } = request;
  const options = { ...(threads === undefined ? {} : { threads }), ...(provider === undefined ? {} : { provider }) };
  const baselineBytes = process.memoryUsage().rss;
  const start = performance.now();
  const session = await createSession(readFileSync(file), options).catch((error) => {
    throw new Failure(`ONNX Runtime refuses ${file}: ${messageOf(error)}`);
  });
  const sessionMs = performance.now() - start;
  const random = new Random(0);
  const feeds = Object.fromEntries(request.inputs.map((input) => [input.name, randomTensor(input, random)]));
  // The first run says which outputs there are; the others write into its arrays.
  const outputs = await session.run(feeds);
  const samples = await measureLatency(session.bind(feeds, outputs), {
    ...request,
    progress: (share) => send({ kind: "progress", share }),
  });
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  await session.release();
  const measurement = { samplesMs: [...samples], sessionMs, baselineBytes, peakBytes };
  if (request.stages === undefined) return measurement;
  const { timeStages } = await import("./time_stages.ts");
  try {
    return { ...measurement, ...await timeStages(file, { ...request.stages, ...options }) };
  } catch (error) {
    if (request.stages.dataset !== undefined) throw error;
    return { ...measurement, stageNote: `no stage times: ${messageOf(error)}` };
  }
}

function randomTensor({ elementType, shape }: BenchRequest["inputs"][number], random: Random): TensorData {
  const values = new ELEMENT_ARRAYS[elementType](elementCount(shape));
  if (values instanceof Float32Array || values instanceof Float64Array) {
    for (let i = 0; i < values.length; i++) values[i] = random.normal();
  }
  return { elementType, shape, values } as TensorData;
}
