/** What the project knows of one ONNX operator stands in one constant of type {@link OpDefinition}. */
import type { ElementType, TensorData, TensorType } from "./tensor_type.ts";

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
  /** Unique in its graph, which alone changes it. */
  readonly name: string;
  readonly type: TensorType;
  /** Present on constants: initializers, and whatever was computed from them while the graph was built. */
  readonly constant?: TensorData;
  /** Of a constant that is no weight and is never learned: why. */
  readonly fixed?: string;
}

/** The inputs of a node; `undefined` is an optional input that is left out. */
export type Inputs = readonly (Value | undefined)[];

/** The outputs of a node: one or more. */
export type Outputs = readonly [Value, ...Value[]];

/** What a rule may do with a graph: add to it. */
export interface GraphBuilder {
  /** Adds a node and returns its first output. */
  apply<I extends Inputs, S extends AttributeSpec, O extends Outputs>(
    op: OpDefinition<I, S, O>,
    inputs: I,
    attributes?: Attributes<S>,
  ): Value;
  /** Adds a node and returns all its outputs. */
  applyAll<I extends Inputs, S extends AttributeSpec, O extends Outputs>(
    op: OpDefinition<I, S, O>,
    inputs: I,
    attributes?: Attributes<S>,
  ): O;
  /** Adds a constant. */
  constant(data: TensorData, name?: string): Value;
  /** A float32 scalar; equal numbers share one constant. */
  scalar(value: number): Value;
}

/** A value, or a number that stands for a float32 scalar. */
export type Operand = Value | number;

/**
 * The words that rules are written in: `math.div(math.mul(dy, 0.5), y)`. Each adds a node under the name of its op; what is applied
 * twice in the rules of one node is one node.
 */
export interface Formulas extends GraphBuilder {
  /** a + b */
  add(a: Operand, b: Operand): Value;
  /** a − b */
  sub(a: Operand, b: Operand): Value;
  /** a · b */
  mul(a: Operand, b: Operand): Value;
  /** a / b */
  div(a: Operand, b: Operand): Value;
  /** a to the power of b */
  pow(a: Operand, b: Operand): Value;
  /** The smaller of both. */
  min(a: Operand, b: Operand): Value;
  /** −x */
  neg(x: Value): Value;
  /** e^x */
  exp(x: Value): Value;
  /** ln x */
  log(x: Value): Value;
  /** √x */
  sqrt(x: Value): Value;
  /** −1, 0 or 1. */
  sign(x: Value): Value;
  /** 1 / (1 + e^−x) */
  sigmoid(x: Value): Value;
  /** tanh x */
  tanh(x: Value): Value;
  /** Whether a = b, as bool. */
  equal(a: Operand, b: Operand): Value;
  /** Whether a > b, as bool. */
  greater(a: Operand, b: Operand): Value;
  /** a where the condition holds, else b. */
  where(condition: Value, a: Operand, b: Operand): Value;
  /** `x` in another element type; `x` itself where it has that type already. */
  cast(x: Value, elementType: ElementType): Value;
  /** Sums over axes. */
  reduceSum(x: Value, attributes: { readonly axes: readonly number[]; readonly keepdims: 0 | 1 }): Value;
  /** Means over axes. */
  reduceMean(x: Value, attributes: { readonly axes: readonly number[]; readonly keepdims: 0 | 1 }): Value;
  /** The matrix product of the last two axes. */
  matMul(a: Value, b: Value): Value;
  /** The same values in another shape. */
  reshape(x: Value, shape: readonly number[]): Value;
  /** x repeated to a shape that broadcasts. */
  expand(x: Value, shape: readonly number[]): Value;
  /** x with its axes in another order. */
  transpose(x: Value, perm: readonly number[]): Value;
  /** The parts one after the other along an axis. */
  concat(parts: readonly Value[], axis: number): Value;
  /** x with zeros around it: starts of all axes, then ends. */
  pad(x: Value, pads: readonly number[]): Value;
  /** A part of x. */
  slice(x: Value, ranges: SliceRanges): Value;
  /** A float32 value of zeros. */
  zeros(shape: readonly number[]): Value;
}

/** What {@link Formulas.slice} keeps of each of `axes`. */
export interface SliceRanges {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly axes: readonly number[];
  readonly steps?: readonly number[];
}

/** What a gradient rule is given. */
export interface GradientRequest<I extends Inputs, S extends AttributeSpec, O extends Outputs = Outputs> {
  readonly math: Formulas;
  readonly inputs: I;
  /** The first output. */
  readonly y: Value;
  readonly outputs: O;
  /** The gradient of the loss with respect to the first output. */
  readonly dy: Value;
  /** The gradient with respect to each output, zeros where the loss does not depend on it; with `gradientOfAllOutputs` alone more than `dy`. */
  readonly outputGradients: Outputs;
  readonly attributes: Attributes<S>;
  /** Which input's gradient is asked for. */
  readonly position: number;
}

/** The gradient of the loss with respect to one input, perhaps of the broadcast shape; `undefined` where the op is not differentiable in it. */
export type GradientRule<I extends Inputs, S extends AttributeSpec, O extends Outputs = Outputs> = (
  request: GradientRequest<I, S, O>,
) => Value | undefined;

/** A rule for each input (`undefined`: not differentiable in it), or one for all; it runs where somebody asks for that input's gradient. */
export type GradientRules<I extends Inputs, S extends AttributeSpec, O extends Outputs = Outputs> =
  | GradientRule<I, S, O>
  | { readonly [P in keyof I]-?: GradientRule<I, S, O> | undefined };

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

/** What an op at the end of a network makes of logits: probabilities of one class or of several, or the class itself. */
export type FinalActivation = "sigmoid" | "softmax" | "argmax";

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
export interface OpDefinition<
  I extends Inputs = Inputs,
  S extends AttributeSpec = AttributeSpec,
  O extends Outputs = Outputs,
> {
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
  /** Positions of inputs that are its weights where they are constant. */
  readonly weights?: readonly number[];
  /** True where it moves or picks the elements of its inputs and makes none: what is left of a weight is a weight. */
  readonly handsOn?: boolean;
  /** What it makes of logits at the end of a network; over `axis`, where it has one. */
  readonly finalActivation?: FinalActivation;
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
  readonly gradient: GradientRules<I, S, O>;
  /** True where the gradient rules look at the gradient of every output; those of other ops are of the first output alone. */
  readonly gradientOfAllOutputs?: boolean;
  /** The outputs as constants where they follow from constant inputs or from types alone (shape arithmetic). */
  fold?(inputs: I, attributes: Attributes<S>): TensorData[] | undefined;
  /** The attributes as a file wrote them, in the static form that the other rules expect (Reshape: 0 and −1 replaced). @throws {RangeError} for a form that has no equal here. */
  resolve?(inputs: I, attributes: Attributes<S>, file: FileContext): Attributes<S>;
  /** The same computation in the form that ONNX Runtime trains fastest, where another form is faster at these sizes. */
  lower?(math: Formulas, inputs: I, attributes: Attributes<S>): Value[] | undefined;
  /** The op in simpler ops, for targets that lack it (ONNX "FunctionBody"). */
  expand?(math: Formulas, inputs: I, attributes: Attributes<S>): Value[];
}

/** Whether ONNX's operator set `opset` has `op` as it is defined here; other domains are not judged. */
export function existsIn(op: OpDefinition, opset: number): boolean {
  return op.domain !== undefined || (op.sinceOpset <= opset && opset <= (op.lastOpset ?? opset));
}

/** The rule of ops through which no gradient flows: integers, comparisons, shapes. */
export function noGradient(): undefined {
  return undefined;
}

/** The FLOP rule of ops that only move data. */
export function noFlops(): number {
  return 0;
}

/** The limit of ops that every TensorRT from 8.0 on runs as they are. */
export function noTensorRtLimit(): undefined {
  return undefined;
}
