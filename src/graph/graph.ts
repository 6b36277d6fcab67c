/** A graph of ONNX operators with static shapes: nodes in topological order, connected by values. */
import type { Attributes, AttributeSpec, GraphBuilder, Inputs, OpDefinition, Outputs, Value } from "./op.ts";
import { elementCount, floats, type TensorData, type TensorType } from "./tensor_type.ts";

/** One application of an op. */
export interface Node {
  readonly op: OpDefinition;
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  readonly attributes: Attributes;
  readonly name: string;
}

/** The input of `node` at `position`. @throws {RangeError} where the node has none there. */
export function inputOf(node: Node, position = 0): Value {
  const input = node.inputs[position];
  if (input === undefined) throw new RangeError(`${node.op.type} ${node.name} has no input ${position}`);
  return input;
}

/** A graph under construction. */
export class Graph implements GraphBuilder {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly #outputs: Value[] = [];
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

  /** Makes a constant; `fixed` says why it is never learned, where it is no weight. @throws {RangeError} where the values do not fill the shape. */
  constant(data: TensorData, name = "constant", fixed?: string): Value {
    if (data.values.length !== elementCount(data.shape)) {
      throw new RangeError(
        `Constant ${name} has ${data.values.length} values for ${elementCount(data.shape)} elements`,
      );
    }
    const type = { elementType: data.elementType, shape: data.shape };
    return { name: this.#unique(name), type, constant: data, ...(fixed !== undefined && { fixed }) };
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
  apply<I extends Inputs, S extends AttributeSpec, O extends Outputs>(
    op: OpDefinition<I, S, O>,
    inputs: I,
    attributes: Attributes<S> = {},
    name?: string,
  ): Value {
    return this.applyAll(op, inputs, attributes, name)[0];
  }

  /** As {@link Graph.apply}, with all outputs; constants where they follow from the inputs alone. */
  applyAll<I extends Inputs, S extends AttributeSpec, O extends Outputs>(
    op: OpDefinition<I, S, O>,
    inputs: I,
    attributes: Attributes<S> = {},
    name?: string,
  ): O {
    const folded = op.fold?.(inputs, attributes);
    if (folded !== undefined) {
      return folded.map((data) => this.constant(data, name ?? op.type)) as unknown as O;
    }
    const nodeName = this.#unique(name ?? op.type);
    const types = op.outputTypes(inputs, attributes);
    // A node and its first output share a name: they live in different name spaces of ONNX.
    const outputs = types.map((type, i) => ({
      name: i === 0 ? nodeName : this.#unique(`${nodeName}_${i}`),
      type,
    })) as unknown as O;
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

  /** The values that the graph is there for, in order. */
  get outputs(): readonly Value[] {
    return this.#outputs;
  }

  /** Makes `value` a graph output, under `name` (with a number behind it where that is taken) if one is given. */
  output(value: Value, name?: string): Value {
    if (name !== undefined && name !== value.name) setName(value, this.#unique(name));
    this.#outputs.push(value);
    return value;
  }

  /** Makes `outputs` the graph's outputs, instead of those that it had. */
  setOutputs(outputs: readonly Value[]): void {
    this.#outputs.splice(0, this.#outputs.length, ...outputs);
  }

  /**
   * Gives values their names. Others that have one of these, such as the level 0 inside an export of the last level alone, give it up,
   * nodes too: a copy of a graph calls the first output of a node as the node.
   */
  rename(names: ReadonlyMap<Value, string>): void {
    const wanted = new Set(names.values());
    const values = [...this.inputs, ...this.constants(), ...this.nodes.flatMap(({ outputs }) => outputs)];
    const others = [...values.filter((value) => !names.has(value)), ...this.nodes];
    for (const other of others) {
      if (!wanted.has(other.name)) continue;
      let number = 1;
      while (this.#names.has(`${other.name}_inside_${number}`)) number++;
      setName(other, `${other.name}_inside_${number}`);
      this.#names.add(other.name);
    }
    for (const [value, name] of names) {
      setName(value, name);
      this.#names.add(name);
    }
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

/** Whether two graphs, one network at two batch sizes, have the same nodes: attributes that differ (a Reshape to a fixed batch) tie it to one size. */
export function sameNodes(a: Graph, b: Graph): boolean {
  const written = (graph: Graph) => JSON.stringify(graph.nodes.map(({ op, attributes }) => [op.type, attributes]));
  return a.nodes.length === b.nodes.length && written(a) === written(b);
}

// The graph gives names, so that each is unique; to all others they are read-only.
function setName(named: { readonly name: string }, name: string): void {
  (named as { name: string }).name = name;
}
