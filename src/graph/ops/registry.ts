/** The ops by their names in files: the list itself is `ops.ts`. */
import type { OpDefinition } from "../op.ts";
import * as ops from "./ops.ts";

/** Every op that graphs can hold, in alphabetical order. */
export const OPS: readonly OpDefinition[] = (Object.values(ops) as unknown as OpDefinition[])
  .sort((a, b) => a.type.toLowerCase() < b.type.toLowerCase() ? -1 : 1);

const BY_NAME = new Map(OPS.map((op) => [opKey(op.domain ?? "", op.type), op]));

function opKey(domain: string, type: string): string {
  return domain === "" || domain === "ai.onnx" ? type : `${domain}::${type}`;
}

/** The definition of an ONNX op, or `undefined` where the project has none. */
export function findOp(domain: string, type: string): OpDefinition | undefined {
  return BY_NAME.get(opKey(domain, type));
}
