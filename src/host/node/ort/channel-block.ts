import {
  blockedDepthwise3x3,
  blockedLinear,
  depthwise3x3,
  float32,
  fromBlocked,
  gemm,
  input,
  reshape,
  toBlocked,
  transpose,
  writeModel,
  type NdArray,
  type Runtime,
  type Tensor,
} from "../../../engine/graph/index.ts";

/** Block sizes of ONNX Runtime's kernels: 16 with AVX-512 and NEON, 8 on other x86 processors. */
const candidates = [16, 8];
const [side, channels] = [4, 32];

/**
 * Channels per block of the memory layout that ONNX Runtime's convolutions use on this processor; 1 if they use none. ONNX
 * Runtime has no function to ask, so a small feed-forward layer is computed with each block size and compared with the plain
 * one.
 */
export async function findChannelBlock(runtime: Runtime): Promise<number> {
  const plain = await compute(runtime, plainLayer());
  for (const block of candidates) {
    let blocked: Float32Array;
    try {
      blocked = await compute(runtime, blockedLayer(block));
    } catch {
      // Builds without these kernels refuse the graph.
      return 1;
    }
    if (plain.every((value, i) => Math.abs(value - blocked[i]!) < 1e-5)) return block;
  }
  return 1;
}

const pixels = side * side;
const x = input("x", [pixels, channels]);
const weight = input("weight", [channels, channels]);
const taps = input("taps", [channels, 1, 3, 3]);
const bias = input("bias", [channels]);

function plainLayer(): Tensor {
  const hidden = gemm(weight, x, { transB: true, bias: reshape(bias, [channels, 1]) });
  return transpose(depthwise3x3(hidden, taps, bias, 1, side, side));
}

function blockedLayer(block: number): Tensor {
  const maps = toBlocked({ tokens: x, n: 1, h: side, w: side }, block);
  return fromBlocked(blockedDepthwise3x3(blockedLinear(maps, weight, bias), taps, bias));
}

async function compute(runtime: Runtime, y: Tensor): Promise<Float32Array> {
  const session = await runtime.createSession(writeModel({ y }));
  const waves = (shape: readonly number[], pitch: number): NdArray => {
    const size = shape.reduce((a, b) => a * b, 1);
    return float32(
      shape,
      Array.from({ length: size }, (_, i) => 0.1 * Math.sin(pitch * i)),
    );
  };
  const feeds = {
    x: waves([pixels, channels], 0.7),
    weight: waves([channels, channels], 0.3),
    taps: waves([channels, 1, 3, 3], 1.1),
    bias: waves([channels], 0.5),
  };
  const results = await session.run(feeds, { y: null }).finally(() => session.release());
  return results["y"]!.data as Float32Array;
}
