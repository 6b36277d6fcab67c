/** An ONNX file as plain data: what stands in it, before anything is known of its ops. */
import type { AttributeValue } from "../op.ts";
import type { ElementType, TensorData } from "../tensor_type.ts";

/** A node as the file has it; absent optional inputs are empty strings. */
export interface OnnxNode {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes of kinds that no known op has (graphs, sparse tensors) are left out and named in `otherAttributes`. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly otherAttributes: readonly string[];
  /** The graphs among these (the branches of If, the body of Loop); absent where the node has none. */
  readonly bodies?: Readonly<Record<string, OnnxBody>>;
}

/** A graph inside a node; it may read the values of the graph around it. */
export interface OnnxBody {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, TensorData>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A graph input, output or described value; a dimension is a number, or a name where it is symbolic. */
export interface OnnxValue {
  readonly name: string;
  readonly elementType: ElementType | undefined;
  readonly shape: readonly (number | string)[] | undefined;
}

/** An ONNX model. */
export interface OnnxModel {
  readonly irVersion: number;
  /** Operator-set versions by domain; "" is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  /** The domains of the operator sets as the file spells them, in its order: ONNX's own may be "" or "ai.onnx". */
  readonly domains: readonly string[];
  readonly producer: string;
  readonly graphName: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, TensorData>;
  /** Initializers that the file marks as no weights. */
  readonly fixed: ReadonlySet<string>;
  /** Graph inputs that are not initializers. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}
