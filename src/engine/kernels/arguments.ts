/**
 * Names of each kernel's arguments, in the order of its WebAssembly function. All are numbers: byte addresses in the
 * shared memory, sizes or scalars, as the doc comments in assembly/ explain.
 */
// prettier-ignore
export const kernelArguments = {
  adamw: [
    "parameters", "gradients", "firstMoments", "secondMoments", "count", "beta1", "oneMinusBeta1",
    "beta2", "oneMinusBeta2", "decay", "rate", "correction", "epsilon",
  ],
  parWeights: [
    "planes", "planeBytes", "rowBytes", "height", "runs",
    "offsets", "positions", "count", "width", "weights",
  ],
  parIterate: [
    "source", "target", "maps", "planeBytes", "rowBytes",
    "height", "runs", "offsets", "count", "weights",
  ],
  parReplicate: ["planes", "count", "planeBytes", "rowBytes", "height", "width", "left", "right"],
  latticeEmbed: [
    "features", "count", "d", "scales", "scratch",
    "table", "shift", "keys", "simplices", "weights",
  ],
  latticeIndex: ["keys", "vertices", "table", "shift"],
  latticeBridge: ["keys", "vertices", "d", "table", "shift", "counts"],
  latticeLines: ["keys", "vertices", "d", "axis", "table", "shift", "next", "inner", "lines"],
  latticeSplat: ["simplices", "weights", "corners", "count", "source", "vertices", "bytes"],
  latticeSlice: ["simplices", "weights", "corners", "count", "vertices", "target", "bytes"],
  latticeBlur: ["lines", "length", "vertices", "bytes", "side", "previous"],
  gaussianAcross: ["row", "width", "bytes", "scales", "scale", "taps", "radius", "padded", "target"],
  gaussianDown: ["rows", "width", "bytes", "scales", "scale", "taps", "radius", "unary", "target"],
  softmaxRows: ["source", "count", "bytes", "target"],
  allFinite: ["floats", "end"],
  findContenders: [
    "logits", "count", "height", "width", "upper", "lower",
    "bounded", "columns", "highest", "best", "counts", "contenders",
  ],
  labelStrip: [
    "logits", "count", "height", "width", "upper", "lower", "across",
    "length", "shares", "rows", "counts", "contenders", "ends", "labels",
  ],
  pixelValues: ["pixels", "width", "table", "values"],
  resizeAcross: ["values", "samples", "width", "out"],
  mixRows: ["upper", "lower", "share", "count", "out"],
  resizeMap: ["source", "height", "width", "across", "toWidth", "down", "toHeight", "rows", "out"],
  marginSum: ["logits", "classes", "pixels", "block"],
} as const;

type KernelName = keyof typeof kernelArguments;

/** Kernels with a result; the others return nothing. */
type KernelWithResult =
  "adamw" | "latticeEmbed" | "latticeBridge" | "latticeLines" | "allFinite" | "marginSum";

type Values<K extends KernelName> = Readonly<Record<(typeof kernelArguments)[K][number], number>>;

/**
 * Kernel functions that work on one memory. They take their arguments, up to fourteen numbers, by name:
 * `kernels.softmaxRows({ source, count, bytes, target })`.
 */
export type Kernels = {
  readonly [K in KernelName]: K extends KernelWithResult
    ? (values: Values<K>) => number
    : (values: Values<K>) => void;
};
