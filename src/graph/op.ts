/** What the project knows of one ONNX operator stands in one constant of type {@link OpDefinition}. */
import type { TensorData, TensorType } from "./tensor_type.ts";

/** Kinds of ONNX attributes; the wire format needs them, and TypeScript takes the attribute types from them. */
export type AttributeKind = "float" | "floats" | "int" | "ints" | "string" | "tensor";

/** The attributes of an op: name → kind. */
export type AttributeSpec = Readonly<Record<string, AttributeKind>>;

/** The values of each kind of attribute. */
export type AttributeValueOf<K extends AttributeKind> = K extends "float" | "int" ? number
  : K extends "floats" | "ints" ? readonly number[]
  : K extends "string" ? string
  : TensorData;

/** Any attribute value. */
export type AttributeValue = number | readonly number[] | string | TensorData;

/** The attribute values of a node; an absent one has the default of the ONNX specification. */
export type Attributes<S extends AttributeSpec = AttributeSpec> = {
  readonly [N in keyof S]?: AttributeValueOf<S[N]> | undefined;
};

/** An edge of the graph: a graph input, a constant, or an output of a node. */
export interface Value {
  name: string;
  readonly type: TensorType;
  /** Present on constants: initializers, and whatever was computed from them while the graph was built. */
  readonly constant?: TensorData;
}

/** The inputs of a node; `undefined` is an optional input that is left out. */
export type Inputs = readonly (Value | undefined)[];

/** What a rule may do with a graph: add to it. */
export interface GraphBuilder {
  /** Adds a node and returns its first output. */
  apply<I extends Inputs, S extends AttributeSpec>(
    op: OpDefinition<I, S>,
    inputs: I,
    attributes?: Attributes<S>,
  ): Value;
  /** Adds a node and returns all its outputs. */
  applyAll<I extends Inputs, S extends AttributeSpec>(
    op: OpDefinition<I, S>,
    inputs: I,
    attributes?: Attributes<S>,
  ): Value[];
  /** Adds a constant. */
  constant(data: TensorData, name?: string): Value;
  /** A float32 scalar; equal numbers share one constant. */
  scalar(value: number): Value;
}

/** A question to a gradient rule. */
export interface GradientRequest<I extends Inputs, S extends AttributeSpec> {
  readonly graph: GraphBuilder;
  readonly inputs: I;
  readonly outputs: readonly Value[];
  readonly attributes: Attributes<S>;
  /** The gradient of the loss with respect to each output; `undefined` where the loss does not depend on it. */
  readonly outputGradients: readonly (Value | undefined)[];
  /** Which input gradients anybody asks for; a rule builds no others. */
  readonly needed: readonly boolean[];
}

/** The answer: one entry per input; `undefined` where the op is not differentiable in that input or nobody asked. A gradient may have the broadcast shape. */
export type InputGradients = readonly (Value | undefined)[];

/** An attribute that is an input tensor on the wire from some opset on, e.g. `axes` of ReduceSum from 13. In memory it is always an attribute, so that shapes are static. */
export interface AttributeInput {
  readonly position: number;
  readonly sinceOpset: number;
  /** Where files of older opsets have it (Resize-10). */
  readonly formerly?: { readonly position: number; readonly sinceOpset: number };
  /** "float": in the element type of the node's first input. */
  readonly elementType: "int64" | "float32" | "float" | "bool";
  /** True where the wire wants a scalar instead of a list. */
  readonly scalar?: boolean;
}

/** What a file says of a node besides its inputs and attributes. */
export interface FileContext {
  readonly opset: number;
  readonly outputCount: number;
}

/** A TensorRT version as one number: major · 10000 + minor · 100 + patch, e.g. 80201. */
export type TensorRtVersion = number;

/** An input whose axes count channels (axis 1) of the first input or of the first output, and what a fresh one holds. */
export interface ChannelParameter {
  readonly position: number;
  readonly inputAxis?: number;
  /** The axis by which the parameter decides how many channels the output has; ops without such a parameter keep the channels. */
  readonly outputAxis?: number;
  /** One value everywhere, or "uniform": drawn as PyTorch does for convolutions. */
  readonly start: "uniform" | number;
}

/** All that is known of an ONNX operator. */
export interface OpDefinition<I extends Inputs = Inputs, S extends AttributeSpec = AttributeSpec> {
  /** ONNX `op_type`. */
  readonly type: string;
  /** Operator set; absent for ONNX's own. */
  readonly domain?: string;
  /** First opset whose definition is the one written here. */
  readonly sinceOpset: number;
  /** Last opset that has the op; such an op has an `expand` into its successor. */
  readonly lastOpset?: number;
  readonly attributes: S;
  readonly attributeInputs?: { readonly [N in keyof S]?: AttributeInput };
  /** Positions of inputs that are running averages: training updates them, but not by gradient. */
  readonly runningStatistics?: readonly number[];
  /** Position of an input that is added to every element of its channel. */
  readonly channelShift?: number;
  /** True where adding a number to all elements of a channel of the first input changes no output but the channel's mean. */
  readonly removesChannelShift?: boolean;
  /** Its weights, where they count channels: what has to change with the number of channels. */
  readonly channelParameters?: readonly ChannelParameter[];
  /** The attributes for another number of channels of the first input, where they hold that number (static sizes). */
  withChannels?(
    attributes: Attributes<S>,
    channels: { readonly before: number; readonly after: number },
  ): Attributes<S>;
  /** True where outputs that nobody reads may be left out of the file. */
  readonly optionalOutputs?: boolean;
  /** True where equal inputs need not give equal outputs (Dropout): never folded, never shared. */
  readonly random?: boolean;
  /** Element types and shapes of the outputs. @throws {RangeError} at the line that builds a wrong graph. */
  outputTypes(inputs: I, attributes: Attributes<S>): TensorType[];
  /** Floating-point operations of one run; a multiply-add is two. */
  flops(inputs: I, outputs: readonly TensorType[], attributes: Attributes<S>): number;
  /** Why the TensorRT parser of `version` cannot run this node, with the remedy; `undefined` where it can. */
  tensorRtLimit(inputs: I, attributes: Attributes<S>, version: TensorRtVersion): string | undefined;
  /** Gradient rule; see {@link InputGradients}. */
  gradient(request: GradientRequest<I, S>): InputGradients;
  /** The outputs as constants where they follow from constant inputs or from types alone (shape arithmetic). */
  fold?(inputs: I, attributes: Attributes<S>): TensorData[] | undefined;
  /** The attributes as a file wrote them, in the static form that the other rules expect (Reshape: 0 and −1 replaced). @throws {RangeError} for a form that has no equal here. */
  resolve?(inputs: I, attributes: Attributes<S>, file: FileContext): Attributes<S>;
  /** The same computation in the form that ONNX Runtime trains fastest, where another form is faster at these sizes. */
  lower?(graph: GraphBuilder, inputs: I, attributes: Attributes<S>): Value[] | undefined;
  /** The op in simpler ops, for targets that lack it (ONNX "FunctionBody"). */
  expand?(graph: GraphBuilder, inputs: I, attributes: Attributes<S>): Value[];
}

/** Whether ONNX's operator set `opset` has `op` as it is defined here; other domains are not judged. */
export function existsIn(op: OpDefinition, opset: number): boolean {
  return op.domain !== undefined || (op.sinceOpset <= opset && opset <= (op.lastOpset ?? opset));
}

/** The rule of ops through which no gradient flows: integers, comparisons, shapes. */
export function noGradient(request: { readonly inputs: Inputs }): InputGradients {
  return request.inputs.map(() => undefined);
}

/** The FLOP rule of ops that only move data. */
export function noFlops(): number {
  return 0;
}

/** The limit of ops that every TensorRT from 8.0 on runs as they are. */
export function noTensorRtLimit(): undefined {
  return undefined;
}
