import {
  type Tensor,
  add,
  concat,
  constant,
  div,
  input,
  mul,
  reshape,
  splitTree,
  sqrt,
  sub,
  sumAll,
  writeModel,
} from "../../engine/graph/index.ts";

/** One parameter of a block. */
export interface BlockPart {
  readonly name: string;
  /** Number of elements. */
  readonly size: number;
  /** Index among all learned parameters. */
  readonly index: number;
}

/**
 * Parameters that are always updated together, with the same factors. Their values are concatenated and padded with
 * zeros to [rows, lane], so that an operator of the update processes one array instead of a hundred.
 */
export interface Block {
  readonly group: string;
  readonly parts: readonly BlockPart[];
  readonly rows: number;
}

/** Elements of a row. Sums over rows are more accurate than one long sum and use more of a device at once. */
export const lane = 1024;
/** Most elements of a block: 64 MB, half of the largest buffer that every WebGPU device can bind. */
const largestBlock = 2 ** 24;

/** Divides parameters into blocks. @param keyOf key that all parameters of a block share */
export function blocksOf(
  parts: readonly (BlockPart & { readonly group: string })[],
  keyOf: (part: BlockPart & { readonly group: string }) => string,
): Block[] {
  const open = new Map<string, { group: string; parts: BlockPart[]; size: number }>();
  const all: { group: string; parts: BlockPart[]; size: number }[] = [];
  for (const part of parts) {
    const key = keyOf(part);
    let block = open.get(key);
    if (!block || block.size + part.size > largestBlock) {
      block = { group: part.group, parts: [], size: 0 };
      open.set(key, block);
      all.push(block);
    }
    block.parts.push(part);
    block.size += part.size;
  }
  return all.map(({ group, parts, size }) => ({ group, parts, rows: Math.ceil(size / lane) }));
}

interface AdamwOptions {
  readonly betas: readonly [number, number];
  readonly eps: number;
}

/**
 * AdamW's update as a graph (method 2.12), which rounds like the kernel of the CPU.
 *
 *     inputs    gradient.<name>, value.<name>      [size]          of each parameter
 *               m.<b>, v.<b>                       [rows, lane]    moments of block b
 *               decay.<b>, rate.<b>, correction.<b>  [1]           `UpdateFactors` of block b
 *     outputs   new.value.<name>, new.m.<b>, new.v.<b>             of the same shapes
 *               poison.<b>                         scalar          0, or NaN if a gradient of block b is not finite
 *
 * @param blocks the blocks, by whose index b the inputs are named
 * @returns the model, and the names of the outputs that stay on the device: all but the poisons
 */
export function adamwModel(
  blocks: readonly Block[],
  { betas, eps }: AdamwOptions,
): { readonly model: Uint8Array<ArrayBuffer>; readonly deviceOutputs: readonly string[] } {
  const { values, poisons } = adamwTensors(blocks, { betas, eps });
  return { model: writeModel({ ...values, ...poisons }), deviceOutputs: Object.keys(values) };
}

/** The tensors of the update, before they are written as ONNX: those that stay on the device, and the poisons. */
export function adamwTensors(
  blocks: readonly Block[],
  { betas: [beta1, beta2], eps }: AdamwOptions,
): {
  readonly values: Readonly<Record<string, Tensor>>;
  readonly poisons: Readonly<Record<string, Tensor>>;
} {
  const outputs: Record<string, Tensor> = {};
  const poisons: Record<string, Tensor> = {};
  for (const [b, block] of blocks.entries()) {
    const shape = [block.rows, lane];
    const factor = (name: string): Tensor => input(`${name}.${b}`, [1]);
    const g = rowsOf(block, "gradient");
    const m = add(mul(input(`m.${b}`, shape), beta1), mul(g, 1 - beta1));
    const v = add(mul(input(`v.${b}`, shape), beta2), mul(mul(g, g), 1 - beta2));
    const denominator = add(mul(sqrt(v), factor("correction")), eps);
    const decayed = mul(rowsOf(block, "value"), factor("decay"));
    const value = sub(decayed, mul(div(m, denominator), factor("rate")));
    Object.assign(outputs, { [`new.m.${b}`]: m, [`new.v.${b}`]: v });
    partsOf(block, value).forEach((part, i) => {
      outputs[`new.value.${block.parts[i]!.name}`] = part;
    });
    poisons[`poison.${b}`] = sumAll(mul(g, 0));
  }
  return { values: outputs, poisons };
}

/** Number of zeros at the end of a block. */
function paddingOf({ parts, rows }: Block): number {
  return rows * lane - parts.reduce((sum, { size }) => sum + size, 0);
}

/** The inputs of a block's parameters as one array, [rows, lane]. */
function rowsOf(block: Block, kind: string): Tensor {
  const parts = block.parts.map(({ name, size }) => input(`${kind}.${name}`, [size]));
  const padding = paddingOf(block);
  if (padding > 0) parts.push(constant([padding], new Float32Array(padding)));
  return reshape(concat(parts, 0), [block.rows, lane]);
}

/** Splits the array of a block, [rows, lane], into those of its parameters, [size] each. */
function partsOf(block: Block, rows: Tensor): Tensor[] {
  const sizes = block.parts.map(({ size }) => size);
  const padding = paddingOf(block);
  const all = padding > 0 ? [...sizes, padding] : sizes;
  return splitTree(reshape(rows, [block.rows * lane]), all).slice(0, sizes.length);
}
