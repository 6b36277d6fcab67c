/** Which ONNX ops the TensorRT parser imports, from which version on (onnx-tensorrt, docs/operators.md and builtin_op_importers.cpp at the tags 8.2 to 10.1). */
import type { TensorRtVersion } from "../graph/op.ts";

/** What the parser of a version can do with an op. */
export interface OpSupport {
  /** First version with an importer; `undefined` where none has one. */
  readonly since: TensorRtVersion | undefined;
  /** What the importer asks of a node, where it asks more than ONNX does. */
  readonly restriction?: string;
  /** What to use in its place. */
  readonly remedy?: string;
}

// The parser of 8.0 is taken to be that of 8.2: no list of its own is known.
const SINCE: readonly (readonly [TensorRtVersion, string])[] = [
  [
    80000,
    "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Cast Ceil Celu Clip Concat " +
    "Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Dropout Einsum Elu Equal " +
    "Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gemm GlobalAveragePool GlobalLpPool " +
    "GlobalMaxPool Greater GreaterOrEqual HardSigmoid Identity If ImageScaler InstanceNormalization IsNaN LRN LSTM LeakyRelu " +
    "Less LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul Max MaxPool Mean Min Mul Neg NonMaxSuppression Not " +
    "Or PRelu Pad ParametricSoftplus Pow QuantizeLinear RNN RandomUniform RandomUniformLike Range Reciprocal ReduceL1 " +
    "ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape " +
    "Resize ReverseSequence Round ScaledTanh Scan Scatter ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Sinh Size " +
    "Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose " +
    "Unsqueeze Upsample Where",
  ],
  [80400, "HardSwish Shrink Xor"],
  [80500, "GridSample Mod NonZero OneHot Trilu"],
  [
    80600,
    "GroupNormalization IsInf LayerNormalization MeanVarianceNormalization RandomNormal RandomNormalLike RoiAlign",
  ],
  [100000, "CastLike DeformConv Gelu Hardmax Mish"],
];

/** Remedies for ops that a version lacks. */
const REMEDIES: Readonly<Record<string, string>> = {
  Gelu: "write it with Erf",
  GridSample: "use Resize",
  GroupNormalization: "write it with Reshape and InstanceNormalization",
  HardSwish: "write it as x · HardSigmoid(x)",
  LayerNormalization: "write it with ReduceMean, Sub, Mul, Sqrt and Div",
  MaxUnpool: "use Resize or ConvTranspose",
  Mish: "write it as x · Tanh(Softplus(x))",
  Mod: "write it as x − Floor(x / y) · y",
  OneHot: "write it with Equal and Cast",
  Trilu: "multiply by a constant mask",
  Xor: "write it with And, Or and Not",
};

/** What importers ask of ops of which no other rule of this program speaks. */
const RESTRICTIONS: Readonly<Record<string, string>> = {
  CumSum: "its axis must be an initializer",
  DeformConv: "it must have one or two spatial axes and symmetric pads",
  DequantizeLinear: "its zero point must be 0 and its scales positive",
  Einsum: "its equation may have no ellipsis, no diagonal and no broadcasting",
  EyeLike: "its shape must be static",
  GRU: "both directions must have the same activations",
  GridSample: "it takes tensors of four axes",
  Hardmax: "the size of its axis must be fixed",
  If: "the outputs of its branches must have equal ranks and different names",
  LSTM: "both directions must have the same activations",
  Loop: "the length of its outputs must be fixed",
  LpPool: "its dilations must be 1",
  NonMaxSuppression: "its sizes and thresholds must be initializers, and its output is padded to a fixed size",
  OneHot: "its depth must be constant",
  QuantizeLinear: "its zero point must be 0 and its scales positive",
  RNN: "both directions must have the same activations",
  RandomNormal: "its seed is ignored",
  RandomNormalLike: "its seed is ignored",
  RandomUniform: "its seed is ignored",
  RandomUniformLike: "its seed is ignored",
  ReverseSequence: "its shape must be static",
  ScatterND: "it may have no reduction",
  TopK: "its K must be an initializer",
};

const BY_NAME = new Map<string, TensorRtVersion>();
for (const [version, names] of SINCE) for (const name of names.split(" ")) BY_NAME.set(name, version);

/** What is known of an op of `domain`; only ONNX's own ops have importers here. */
export function opSupport(domain: string, opType: string): OpSupport {
  const own = domain === "";
  const [restriction, remedy] = own ? [RESTRICTIONS[opType], REMEDIES[opType]] : [];
  return {
    since: own ? BY_NAME.get(opType) : undefined,
    ...(restriction === undefined ? {} : { restriction }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** Whether the parser of `version` imports the op. */
export function isImported(support: OpSupport, version: TensorRtVersion): boolean {
  return support.since !== undefined && support.since <= version;
}

/** The opsets that the parser of a version supports officially (newer ones are read, with the older meaning). */
export function supportedOpsets(version: TensorRtVersion): { readonly first: number; readonly last: number } {
  if (version < 80400) return { first: 7, last: 13 };
  if (version < 100000) return { first: 7, last: 17 };
  return { first: 9, last: version < 110000 ? 20 : 25 };
}
