/** Writes trtexec's JSON files: printed by hand, six digits, names not escaped. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import type { TensorData } from "../../src/graph/tensor_type.ts";
import type { Generation } from "./generation.ts";
import type { Query } from "./inference.ts";
import { formatNumber as g } from "./printing.ts";

/** `--exportTimes`. */
export function exportTimes(path: string, generation: Generation, queries: readonly Query[]): void {
  const rows = queries.map((query) => {
    const fields: [string, number][] = [
      ["startEnqMs", query.startEnqueue],
      ["endEnqMs", query.endEnqueue],
      ["startH2dMs", query.startCopyIn],
      ["endH2dMs", query.startCompute],
      ["startComputeMs", query.startCompute],
      ["endComputeMs", query.endCompute],
      ["startD2hMs", query.endCompute],
      ["endD2hMs", query.endCopyOut],
      ["h2dMs", query.startCompute - query.startCopyIn],
      ["computeMs", query.endCompute - query.startCompute],
      ["d2hMs", query.endCopyOut - query.endCompute],
      ["latencyMs", query.endCopyOut - query.startCopyIn],
    ];
    if (generation.endToEnd) fields.push(["endToEndMs", query.endCopyOut - query.startCopyIn]);
    return `{ ${fields.map(([name, value]) => `"${name}" : ${g(value)}`).join(", ")} }`;
  });
  write(path, `[\n  ${rows.join("\n, ")}\n]\n`);
}

/** `--exportProfile`, with the whole model as one layer. */
export function exportProfile(path: string, generation: Generation, layer: string, timesMs: readonly number[]): void {
  const total = timesMs.reduce((sum, time) => sum + time, 0);
  const median = timesMs.toSorted((a, b) => a - b)[Math.floor(timesMs.length / 2)] ?? NaN;
  const medianField = generation.profileMedian ? `, "medianMs" : ${g(median)}` : "";
  write(
    path,
    `[\n  { "count" : ${timesMs.length} }\n, { "name" : "${layer}", "timeMs" : ${g(total)}, "averageMs" : ${
      g(total / timesMs.length)
    }${medianField}, "percentage" : 100 }\n]\n`,
  );
}

/** `--exportOutput`; the last output comes first, since the real order is that of a hash table. */
export function exportOutput(path: string, outputs: Readonly<Record<string, TensorData>>): void {
  let file: number;
  try {
    file = openSync(path, "w");
  } catch {
    return; // A missing folder fails silently in the real program, too.
  }
  let separator = "  ";
  writeSync(file, "[\n");
  for (const [name, data] of Object.entries(outputs).toReversed()) {
    writeSync(
      file,
      `${separator}{ "name" : "${name}"\n  , "dimensions" : "${data.shape.join("x")}"\n  , "values" : [ `,
    );
    const values = Array.from(data.values as ArrayLike<number | bigint>, (value) => g(Number(value)));
    for (let start = 0; start < values.length; start += 65536) {
      writeSync(file, `${start === 0 ? "" : ", "}${values.slice(start, start + 65536).join(", ")}`);
    }
    writeSync(file, " ]\n  }\n");
    separator = ", ";
  }
  writeSync(file, "]\n");
  closeSync(file);
}

/** `--exportLayerInfo`. */
export function exportLayerInfo(
  path: string,
  generation: Generation,
  engine: { readonly layer: string; readonly bindings: readonly string[]; readonly detailed: boolean },
): void {
  const layers = [
    engine.detailed ? { Name: engine.layer, LayerType: "Myelin", Inputs: [], Outputs: [] } : engine.layer,
  ];
  const tensors = generation.ioTensors
    ? { "I/O Tensors": engine.bindings.map((name) => ({ Name: name })) }
    : { Bindings: engine.bindings };
  write(path, `${JSON.stringify({ Layers: layers, ...tensors }, undefined, 1)}\n`);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {
    // A missing folder fails silently in the real program, too.
  }
}
