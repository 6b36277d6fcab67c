/** Which ONNX ops the TensorRT parser imports, from which version on (onnx-tensorrt, docs/operators.md and builtin_op_importers.cpp at the tags 8.2 to 10.1). */
import type { TensorRtVersion } from "../graph/op.ts";
import type { ElementType } from "../graph/tensor_type.ts";

/** What the parser of a version can do with an op. */
export interface OpSupport {
  /** First version with an importer; `undefined` where none has one. */
  readonly since: TensorRtVersion | undefined;
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

const BY_NAME = new Map<string, TensorRtVersion>();
for (const [version, names] of SINCE) for (const name of names.split(" ")) BY_NAME.set(name, version);

/** What is known of an op of `domain`; only ONNX's own ops have importers here. */
export function opSupport(domain: string, opType: string): OpSupport {
  const own = domain === "";
  const remedy = own ? REMEDIES[opType] : undefined;
  return {
    since: own ? BY_NAME.get(opType) : undefined,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** Whether the parser of `version` imports the op. */
export function isImported(support: OpSupport, version: TensorRtVersion): boolean {
  return support.since !== undefined && support.since <= version;
}

/** First version whose list of importers is not known here: it may have more than the table says. */
export const UNLISTED: TensorRtVersion = 100200;

/** Element types of activations that importers refuse, by op; all other ops of the table take float, int32 and bool. */
const FLOAT_ONLY =
  "Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization Ceil Celu Clip Conv ConvTranspose Cos Cosh CumSum " +
  "Einsum Elu Erf Exp Floor GRU Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool HardSigmoid ImageScaler " +
  "InstanceNormalization LRN LSTM LeakyRelu Log LogSoftmax LpNormalization LpPool MatMul MaxPool PRelu ParametricSoftplus Pow " +
  "QuantizeLinear RNN ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum " +
  "ReduceSumSquare Relu Resize ReverseSequence Round ScaledTanh Selu Sigmoid Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh " +
  "ThresholdedRelu TopK Upsample";
const NO_BOOL =
  "Abs Add AveragePool DepthToSpace Div GatherElements GatherND Gather Greater GreaterOrEqual Less LessOrEqual Max Mean Min " +
  "Mul Neg Pad Range ScatterElements ScatterND Sign SpaceToDepth Sub Sum";
/** First version that takes integers where 8.2 does not. */
const INTEGERS_SINCE: Readonly<Record<string, TensorRtVersion>> = {
  ...Object.fromEntries(["ArgMax", "ArgMin", "TopK", "ReverseSequence"].map((op) => [op, 80600])),
  ...Object.fromEntries(
    FLOAT_ONLY.split(" ").filter((op) => /^(Reduce|Relu$)/.test(op)).map((op) => [op, 100000]),
  ),
};
/** First version that takes bool where 8.2 does not. */
const BOOL_SINCE: Readonly<Record<string, TensorRtVersion>> = {
  Gather: 80600,
  GatherElements: 80600,
  GatherND: 80600,
  ReverseSequence: 80600,
};

const FLOAT_ONLY_OPS = new Set(FLOAT_ONLY.split(" "));
const NO_BOOL_OPS = new Set(NO_BOOL.split(" "));

/** Whether the parser of `version` takes an activation of that type as the first input of the op. */
export function takesType(opType: string, elementType: ElementType, version: TensorRtVersion): boolean {
  if (elementType === "bool") {
    const refused = FLOAT_ONLY_OPS.has(opType) || NO_BOOL_OPS.has(opType);
    return !refused || version >= (BOOL_SINCE[opType] ?? Infinity);
  }
  if (elementType === "int32" || elementType === "int64") {
    return !FLOAT_ONLY_OPS.has(opType) || version >= (INTEGERS_SINCE[opType] ?? Infinity);
  }
  return true;
}

/** The opsets that the parser of a version supports officially (newer ones are read, with the older meaning). */
export function supportedOpsets(version: TensorRtVersion): { readonly first: number; readonly last: number } {
  if (version < 80400) return { first: 7, last: 13 };
  if (version < 100000) return { first: 7, last: 17 };
  return { first: 9, last: version < 110000 ? 20 : 25 };
}
