/** Published times on a Jetson Nano in FP16 at batch 1, with the networks they are of. */
import type { Graph } from "../../src/graph/graph.ts";
import { alexNet, denseNet, fcnResNet18, type ImageSize, resNet, squeezeNet, vgg } from "./networks.ts";

/** One figure. */
export interface PublishedTime {
  readonly name: string;
  readonly build: () => Graph;
  /** GFLOP as counted for the published figure, a multiply-add as two; absent where nobody wrote it down. */
  readonly gflop?: number;
  readonly ms: number;
  readonly source: "torch2trt" | "kentaroy47" | "jetson-inference";
}

const SQUARE: ImageSize = [224, 224];

/** README of torch2trt, JetPack not stated. */
const TORCH2TRT: readonly PublishedTime[] = ([
  ["AlexNet", () => alexNet(SQUARE), 1.43, 69.9],
  ["SqueezeNet 1.0", () => squeezeNet("1.0", SQUARE), 1.65, 137],
  ["SqueezeNet 1.1", () => squeezeNet("1.1", SQUARE), 0.71, 248],
  ["ResNet-18", () => resNet(18, SQUARE), 3.64, 90.2],
  ["ResNet-34", () => resNet(34, SQUARE), 7.34, 50.7],
  ["ResNet-50", () => resNet(50, SQUARE), 8.21, 34.2],
  ["ResNet-101", () => resNet(101, SQUARE), 15.64, 19.9],
  ["DenseNet-121", () => denseNet(121, SQUARE), 5.71, 41.9],
  ["DenseNet-169", () => denseNet(169, SQUARE), 6.77, 33.2],
  ["VGG-11", () => vgg(11, SQUARE), undefined, 18.3],
  ["VGG-16", () => vgg(16, SQUARE), undefined, 11.9],
] as const).map(([name, build, gflop, fps]) => ({
  name: `${name} 224×224`,
  build,
  ...(gflop !== undefined && { gflop }),
  ms: 1000 / fps,
  source: "torch2trt",
}));

/** kentaroy47/benchmark-FP32-FP16-INT8-with-TensorRT, times of trtexec. */
const KENTAROY47: readonly PublishedTime[] = ([[18, 4.75, 18], [34, 9.58, 30], [50, 10.72, 42]] as const).map(
  ([depth, gflop, ms]) => ({
    name: `ResNet-${depth} 256×256`,
    build: () => resNet(depth, [256, 256]),
    gflop,
    ms,
    source: "kentaroy47",
  }),
);

/** dusty-nv/jetson-inference, docs/segnet-console-2.md: JetPack 4.2.1, MAXN. */
const JETSON_INFERENCE: readonly PublishedTime[] = ([
  [512, 256, 9.65, 48],
  [1024, 512, 38.58, 12],
  [320, 320, 7.54, 45],
  [576, 320, 13.56, 26],
  [640, 360, 17.31, 23],
  [864, 480, 30.52, 14],
] as const).map(([width, height, gflop, fps]) => ({
  name: `FCN-ResNet18 ${width}×${height}`,
  build: () => fcnResNet18([height, width]),
  gflop,
  ms: 1000 / fps,
  source: "jetson-inference",
}));

/** All figures. */
export const PUBLISHED_TIMES: readonly PublishedTime[] = [...TORCH2TRT, ...KENTAROY47, ...JETSON_INFERENCE];
