/** A graph of ONNX operators with static shapes: nodes in topological order, connected by values. */
import type { Attributes, AttributeSpec, GraphBuilder, Inputs, OpDefinition, Value } from "./op.ts";
import { elementCount, floats, type TensorData, type TensorType } from "./tensor_type.ts";

/** One application of an op. */
export interface Node {
  readonly op: OpDefinition;
  readonly inputs: Inputs;
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  name: string;
}

/** A graph under construction. */
export class Graph implements GraphBuilder {
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly #names = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #scalars = new Map<number, Value>();
  readonly #producers = new Map<Value, Node>();

  /** Adds a graph input. */
  input(name: string, type: TensorType): Value {
    const value = { name: this.#unique(name), type };
    this.inputs.push(value);
    return value;
  }

  /** Makes a constant. @throws {RangeError} where the values do not fill the shape. */
  constant(data: TensorData, name = "constant"): Value {
    if (data.values.length !== elementCount(data.shape)) {
      throw new RangeError(
        `Constant ${name} has ${data.values.length} values for ${elementCount(data.shape)} elements`,
      );
    }
    return { name: this.#unique(name), type: { elementType: data.elementType, shape: data.shape }, constant: data };
  }

  /** A float32 constant of rank 0; the same one for the same number. */
  scalar(value: number): Value {
    const known = this.#scalars.get(value);
    if (known !== undefined) return known;
    const made = this.constant(floats([value], []), "scalar");
    this.#scalars.set(value, made);
    return made;
  }

  /** Applies `op` and returns its first output; absent attributes have ONNX's defaults. @throws {RangeError} where types or shapes do not fit. */
  apply<I extends Inputs, S extends AttributeSpec>(
    op: OpDefinition<I, S>,
    inputs: I,
    attributes: Attributes<S> = {},
    name?: string,
  ): Value {
    return this.applyAll(op, inputs, attributes, name)[0] as Value;
  }

  /** As {@link Graph.apply}, with all outputs; constants where they follow from the inputs alone. */
  applyAll<I extends Inputs, S extends AttributeSpec>(
    op: OpDefinition<I, S>,
    inputs: I,
    attributes: Attributes<S> = {},
    name?: string,
  ): Value[] {
    const folded = op.fold?.(inputs, attributes);
    if (folded !== undefined) return folded.map((data) => this.constant(data, name ?? op.type));
    const nodeName = this.#unique(name ?? op.type);
    const types = op.outputTypes(inputs, attributes);
    // A node and its first output share a name: they live in different name spaces of ONNX.
    const outputs = types.map((type, i) => ({ name: i === 0 ? nodeName : this.#unique(`${nodeName}_${i}`), type }));
    const node: Node = {
      op: op as unknown as OpDefinition,
      inputs,
      outputs,
      attributes: attributes as Attributes,
      name: nodeName,
    };
    for (const output of outputs) this.#producers.set(output, node);
    this.nodes.push(node);
    return outputs;
  }

  /** Makes `value` a graph output, under `name` where one is given. */
  output(value: Value, name?: string): Value {
    if (name !== undefined && name !== value.name) value.name = this.#unique(name);
    this.outputs.push(value);
    return value;
  }

  /** The node that computes `value`; `undefined` for graph inputs and constants. */
  producer(value: Value): Node | undefined {
    return this.#producers.get(value);
  }

  /** Constants that nodes or outputs use, in the order of their first use. */
  constants(): Value[] {
    const found = new Set<Value>();
    for (const node of this.nodes) {
      for (const input of node.inputs) if (input?.constant !== undefined) found.add(input);
    }
    for (const output of this.outputs) if (output.constant !== undefined) found.add(output);
    return [...found];
  }

  /** For each value, the nodes that read it. */
  consumers(): Map<Value, Node[]> {
    const consumers = new Map<Value, Node[]>();
    for (const node of this.nodes) {
      for (const input of new Set(node.inputs)) {
        if (input === undefined) continue;
        const list = consumers.get(input);
        if (list === undefined) consumers.set(input, [node]);
        else list.push(node);
      }
    }
    return consumers;
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let i = this.#counts.get(wanted) ?? 1; this.#names.has(name); i++) {
      name = `${wanted}_${i}`;
      this.#counts.set(wanted, i + 1);
    }
    this.#names.add(name);
    return name;
  }
}
