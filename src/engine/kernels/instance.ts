import { WebAssembly, type Memory } from "./webassembly.ts";
import { wasm } from "./wasm.generated.ts";

/** Kernel functions on one memory; numbers are byte addresses, counts or scalars (see assembly/). */
export interface Kernels {
  adamw(
    parameters: number,
    gradients: number,
    firstMoments: number,
    secondMoments: number,
    count: number,
    beta1: number,
    oneMinusBeta1: number,
    beta2: number,
    oneMinusBeta2: number,
    decay: number,
    rate: number,
    correction: number,
    epsilon: number,
  ): number;
  parWeights(
    planes: number,
    planeBytes: number,
    rowBytes: number,
    height: number,
    runs: number,
    offsets: number,
    positions: number,
    count: number,
    width: number,
    weights: number,
  ): void;
  parIterate(
    source: number,
    target: number,
    maps: number,
    planeBytes: number,
    rowBytes: number,
    height: number,
    runs: number,
    offsets: number,
    count: number,
    weights: number,
  ): void;
  parReplicate(
    planes: number,
    count: number,
    planeBytes: number,
    rowBytes: number,
    height: number,
    width: number,
    left: number,
    right: number,
  ): void;
  latticeEmbed(
    features: number,
    count: number,
    d: number,
    scales: number,
    scratch: number,
    table: number,
    shift: number,
    keys: number,
    simplices: number,
    weights: number,
  ): number;
  latticeIndex(keys: number, vertices: number, table: number, shift: number): void;
  latticeBridge(
    keys: number,
    vertices: number,
    d: number,
    table: number,
    shift: number,
    counts: number,
  ): number;
  latticeLines(
    keys: number,
    vertices: number,
    d: number,
    axis: number,
    table: number,
    shift: number,
    next: number,
    inner: number,
    lines: number,
  ): number;
  latticeSplat(
    simplices: number,
    weights: number,
    corners: number,
    count: number,
    source: number,
    vertices: number,
    bytes: number,
  ): void;
  latticeSlice(
    simplices: number,
    weights: number,
    corners: number,
    count: number,
    vertices: number,
    target: number,
    bytes: number,
  ): void;
  latticeBlur(
    lines: number,
    length: number,
    vertices: number,
    bytes: number,
    side: number,
    previous: number,
  ): void;
  gaussianAcross(
    row: number,
    width: number,
    bytes: number,
    scales: number,
    scale: number,
    taps: number,
    radius: number,
    padded: number,
    target: number,
  ): void;
  gaussianDown(
    rows: number,
    width: number,
    bytes: number,
    scales: number,
    scale: number,
    taps: number,
    radius: number,
    unary: number,
    target: number,
  ): void;
  softmaxRows(source: number, count: number, bytes: number, target: number): void;
  allFinite(floats: number, end: number): number;
  findContenders(
    logits: number,
    count: number,
    height: number,
    width: number,
    upper: number,
    lower: number,
    bounded: number,
    columns: number,
    highest: number,
    best: number,
    counts: number,
    contenders: number,
  ): void;
  labelStrip(
    logits: number,
    count: number,
    height: number,
    width: number,
    upper: number,
    lower: number,
    across: number,
    length: number,
    shares: number,
    rows: number,
    counts: number,
    contenders: number,
    ends: number,
    labels: number,
  ): void;
  pixelValues(pixels: number, width: number, table: number, values: number): void;
  resizeAcross(values: number, samples: number, width: number, out: number): void;
  mixRows(upper: number, lower: number, share: number, count: number, out: number): void;
  resizeMap(
    source: number,
    height: number,
    width: number,
    across: number,
    toWidth: number,
    down: number,
    toHeight: number,
    rows: number,
    out: number,
  ): void;
  marginSum(logits: number, classes: number, pixels: number, block: number): number;
}

const PAGE = 65536;
const MAX_PAGES = 65536;

let compiled: object | undefined;

/** The kernels on a memory of their own callers' making; compiles on first use. */
export function instantiate(memory: Memory): Kernels {
  compiled ??= new WebAssembly.Module(decodeBase64(wasm));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as Kernels;
}

/** A memory of at least so many bytes. As long as it isn't grown, views of it stay valid. */
export function allocate(bytes: number, owner: string): Memory {
  const initial = pagesFor(bytes, owner);
  return orExplain(bytes, owner, () => new WebAssembly.Memory({ initial, maximum: MAX_PAGES }));
}

/** Grows a memory to at least so many bytes; views of its old buffer become empty. */
export function ensure(memory: Memory, bytes: number, owner: string): void {
  const missing = pagesFor(bytes, owner) - memory.buffer.byteLength / PAGE;
  if (missing > 0) orExplain(bytes, owner, () => memory.grow(missing));
}

function pagesFor(bytes: number, owner: string): number {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  if (pages > MAX_PAGES) {
    throw new RangeError(`${owner}: needs ${gibibytes(bytes)}, WebAssembly memory ends at 4 GiB`);
  }
  return pages;
}

function orExplain<T>(bytes: number, owner: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new RangeError(
      `${owner}: needs ${gibibytes(bytes)} of memory and the machine has no such block free`,
      { cause },
    );
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function decodeBase64(text: string): Uint8Array {
  const length = text.replace(/=+$/, "").length;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    bits = ((bits << 6) | ALPHABET.indexOf(text[i]!)) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 0xff;
    }
  }
  return bytes;
}
