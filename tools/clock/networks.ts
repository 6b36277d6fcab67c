/**
 * The networks of published Jetson Nano times, as graphs without numbers: shapes alone decide about work and kernels.
 *
 * Written from the papers and torchvision's sizes: AlexNet (Krizhevsky 2014, one column), SqueezeNet (Iandola 2016), ResNet (He 2015),
 * DenseNet (Huang 2016), VGG (Simonyan 2014), and a fully convolutional ResNet-18 (Long 2014), whose coarse scores the CPU enlarges.
 * Normalization is folded into the convolutions.
 */
import { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/op.ts";
import { add } from "../../src/graph/ops/arithmetic.ts";
import { averagePool, globalAveragePool } from "../../src/graph/ops/average_pool.ts";
import { conv } from "../../src/graph/ops/convolution.ts";
import { relu } from "../../src/graph/ops/elementwise.ts";
import { gemm } from "../../src/graph/ops/gemm.ts";
import { concat } from "../../src/graph/ops/movement.ts";
import { maxPool } from "../../src/graph/ops/pool.ts";
import { flatten } from "../../src/graph/ops/shape.ts";

/** Height and width in pixels. */
export type ImageSize = readonly [height: number, width: number];

/** A convolution of odd size that keeps the map but for its stride. */
interface Window {
  readonly size: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly rectified?: boolean;
}

interface PoolWindow {
  readonly size: number;
  readonly stride: number;
  readonly pad?: number;
  /** Windows that reach beyond the map count, too. */
  readonly ceil?: boolean;
}

class Builder {
  readonly graph = new Graph();
  #weights = 0;

  image([height, width]: ImageSize): Value {
    return this.graph.input("image", { elementType: "float32", shape: [1, 3, height, width] });
  }

  conv(x: Value, channels: number, { size, stride = 1, pad = size >> 1, rectified = true }: Window): Value {
    const weights = this.#weight([channels, x.type.shape[1] ?? 0, size, size]);
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad], kernel_shape: [size, size] };
    const y = this.graph.apply(conv, [x, weights, this.#weight([channels])], attributes);
    return rectified ? this.graph.apply(relu, [y]) : y;
  }

  maxPool(x: Value, { size, stride, pad = 0, ceil = false }: PoolWindow): Value {
    const attributes = { kernel_shape: [size, size], strides: [stride, stride], pads: [pad, pad, pad, pad] };
    return this.graph.apply(maxPool, [x], { ...attributes, ...(ceil && { ceil_mode: 1 }) });
  }

  halve(x: Value): Value {
    return this.graph.apply(averagePool, [x], { kernel_shape: [2, 2], strides: [2, 2] });
  }

  dense(x: Value, outputs: number, rectified = false): Value {
    const flat = this.graph.apply(flatten, [x], {});
    const weights = this.#weight([outputs, flat.type.shape[1] ?? 0]);
    const y = this.graph.apply(gemm, [flat, weights, this.#weight([outputs])], { transB: 1 });
    return rectified ? this.graph.apply(relu, [y]) : y;
  }

  classify(x: Value): Graph {
    return this.end(this.dense(this.graph.apply(globalAveragePool, [x]), 1000));
  }

  end(y: Value): Graph {
    this.graph.output(y, "scores");
    return this.graph;
  }

  #weight(shape: readonly number[]): Value {
    return this.graph.input(`w${this.#weights++}`, { elementType: "float32", shape });
  }
}

/** AlexNet in one column. */
export function alexNet(size: ImageSize): Graph {
  const net = new Builder();
  let x = net.conv(net.image(size), 64, { size: 11, stride: 4, pad: 2 });
  x = net.conv(net.maxPool(x, { size: 3, stride: 2 }), 192, { size: 5 });
  x = net.maxPool(x, { size: 3, stride: 2 });
  for (const channels of [384, 256, 256]) x = net.conv(x, channels, { size: 3 });
  x = net.maxPool(x, { size: 3, stride: 2 });
  return net.end(net.dense(net.dense(net.dense(x, 4096, true), 4096, true), 1000));
}

/** SqueezeNet 1.0 or 1.1. */
export function squeezeNet(version: "1.0" | "1.1", size: ImageSize): Graph {
  const net = new Builder();
  const fire = (x: Value, squeeze: number, expand: number) => {
    const s = net.conv(x, squeeze, { size: 1 });
    return net.graph.apply(concat, [net.conv(s, expand, { size: 1 }), net.conv(s, expand, { size: 3 })], { axis: 1 });
  };
  const first = version === "1.0" ? { size: 7, channels: 96 } : { size: 3, channels: 64 };
  let x = net.conv(net.image(size), first.channels, { size: first.size, stride: 2, pad: 0 });
  const pooledBefore = version === "1.0" ? [0, 3, 7] : [0, 2, 4];
  for (
    const [i, [squeeze, expand]]
      of ([[16, 64], [16, 64], [32, 128], [32, 128], [48, 192], [48, 192], [64, 256], [64, 256]] as const).entries()
  ) {
    if (pooledBefore.includes(i)) x = net.maxPool(x, { size: 3, stride: 2, ceil: true });
    x = fire(x, squeeze, expand);
  }
  x = net.conv(x, 1000, { size: 1 });
  return net.end(net.graph.apply(globalAveragePool, [x]));
}

const RESNETS = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
} as const;

function resNetTrunk(net: Builder, depth: keyof typeof RESNETS, size: ImageSize): Value {
  const { blocks, bottleneck } = RESNETS[depth];
  let x = net.maxPool(net.conv(net.image(size), 64, { size: 7, stride: 2 }), { size: 3, stride: 2, pad: 1 });
  for (const [stage, count] of blocks.entries()) {
    const inner = 64 << stage;
    const outer = bottleneck ? 4 * inner : inner;
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const branch = bottleneck
        ? net.conv(net.conv(net.conv(x, inner, { size: 1 }), inner, { size: 3, stride }), outer, {
          size: 1,
          rectified: false,
        })
        : net.conv(net.conv(x, inner, { size: 3, stride }), outer, { size: 3, rectified: false });
      const same = stride === 1 && x.type.shape[1] === outer;
      const shortcut = same ? x : net.conv(x, outer, { size: 1, stride, rectified: false });
      x = net.graph.apply(relu, [net.graph.apply(add, [branch, shortcut])]);
    }
  }
  return x;
}

/** A ResNet that classifies. */
export function resNet(depth: keyof typeof RESNETS, size: ImageSize): Graph {
  const net = new Builder();
  return net.classify(resNetTrunk(net, depth, size));
}

/** ResNet-18 with a fully convolutional head of 21 classes at 1/32 of the image. */
export function fcnResNet18(size: ImageSize): Graph {
  const net = new Builder();
  const x = net.conv(resNetTrunk(net, 18, size), 128, { size: 3 });
  return net.end(net.conv(x, 21, { size: 1, rectified: false }));
}

/** DenseNet-121 or -169: growth 32; normalization before a convolution cannot be folded into one and stays a kernel with its Relu. */
export function denseNet(depth: 121 | 169, size: ImageSize): Graph {
  const net = new Builder();
  let x = net.maxPool(net.conv(net.image(size), 64, { size: 7, stride: 2 }), { size: 3, stride: 2, pad: 1 });
  const blocks = depth === 121 ? [6, 12, 24, 16] : [6, 12, 32, 32];
  for (const [stage, count] of blocks.entries()) {
    for (let layer = 0; layer < count; layer++) {
      const scaled = net.graph.apply(relu, [x]);
      const grown = net.conv(net.conv(scaled, 128, { size: 1 }), 32, { size: 3, rectified: false });
      x = net.graph.apply(concat, [x, grown], { axis: 1 });
    }
    x = net.graph.apply(relu, [x]);
    if (stage < 3) x = net.halve(net.conv(x, (x.type.shape[1] ?? 0) / 2, { size: 1, rectified: false }));
  }
  return net.classify(x);
}

/** VGG-11 or -16. */
export function vgg(depth: 11 | 16, size: ImageSize): Graph {
  const net = new Builder();
  const stages = depth === 11 ? [1, 1, 2, 2, 2] : [2, 2, 3, 3, 3];
  let x = net.image(size);
  for (const [stage, count] of stages.entries()) {
    for (let i = 0; i < count; i++) x = net.conv(x, Math.min(512, 64 << stage), { size: 3 });
    x = net.maxPool(x, { size: 2, stride: 2 });
  }
  return net.end(net.dense(net.dense(net.dense(x, 4096, true), 4096, true), 1000));
}
