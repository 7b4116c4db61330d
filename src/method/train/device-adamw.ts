import {
  type Tensor,
  add,
  concat,
  constant,
  div,
  input,
  mul,
  reshape,
  split,
  sqrt,
  sub,
  sumAll,
  writeModel,
} from "../../engine/graph/index.ts";

/** A parameter in a block. */
export interface BlockPart {
  readonly name: string;
  /** Number of elements. */
  readonly size: number;
  /** Its place among all learned parameters. */
  readonly index: number;
}

/**
 * Parameters that are always updated together, by the same factors: laid one after the other, and
 * filled up with zeros to [rows, lane], they are one operand instead of a hundred.
 */
export interface Block {
  readonly group: string;
  readonly parts: readonly BlockPart[];
  readonly rows: number;
}

/** Elements of a row: sums of rows keep more digits, and use more of a device, than one long sum. */
export const lane = 1024;
/** 64 MB: half of the buffer that every WebGPU device can bind. */
const largestBlock = 2 ** 24;
/** WebGPU promises a kernel 8 buffers; a Split needs one for its input. */
const mostParts = 7;

/** @param keyOf what parameters of a block have in common */
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
  return all.map(({ group, parts: own, size }) => ({
    group,
    parts: own,
    rows: Math.ceil(size / lane),
  }));
}

/**
 * AdamW's update as a graph (method 2.12), with the rounding of the CPU's kernel.
 *
 * Inputs: `gradient.<name>` and `value.<name>` [size]; for block b `m.<b>` and `v.<b>` [rows, lane] and
 * the factors of `UpdateFactors`, `decay.<b>`, `rate.<b>` and `correction.<b>` [1]. Outputs:
 * `new.value.<name>`, `new.m.<b>` and `new.v.<b>` of the same shapes, and `poison.<b>`: 0, or NaN where a gradient is not finite.
 * @param blocks by their number, b
 */
export function adamwModel(
  blocks: ReadonlyMap<number, Block>,
  {
    betas: [beta1, beta2],
    eps,
  }: { readonly betas: readonly [number, number]; readonly eps: number },
): { readonly model: Uint8Array<ArrayBuffer>; readonly kept: readonly string[] } {
  const outputs: Record<string, Tensor> = {};
  const poisons: Record<string, Tensor> = {};
  for (const [b, block] of blocks) {
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
  return { model: writeModel({ ...outputs, ...poisons }), kept: Object.keys(outputs) };
}

function paddingOf({ parts, rows }: Block): number {
  return rows * lane - parts.reduce((sum, { size }) => sum + size, 0);
}

/** The parts of a block as one operand, [rows, lane]. */
function rowsOf(block: Block, kind: string): Tensor {
  const parts = block.parts.map(({ name, size }) => input(`${kind}.${name}`, [size]));
  const padding = paddingOf(block);
  if (padding > 0) parts.push(constant([padding], new Float32Array(padding)));
  return reshape(concat(parts, 0), [block.rows, lane]);
}

/** The reverse, each part [size]. */
function partsOf(block: Block, rows: Tensor): Tensor[] {
  const sizes = block.parts.map(({ size }) => size);
  const padding = paddingOf(block);
  const all = padding > 0 ? [...sizes, padding] : sizes;
  return splitUp(reshape(rows, [block.rows * lane]), all).slice(0, sizes.length);
}

/** Splits into any number of parts by splitting into few. */
function splitUp(x: Tensor, sizes: readonly number[]): Tensor[] {
  if (sizes.length === 1) return [x];
  const each = Math.ceil(sizes.length / mostParts);
  const runs: (readonly number[])[] = [];
  for (let i = 0; i < sizes.length; i += each) runs.push(sizes.slice(i, i + each));
  const totals = runs.map((run) => run.reduce((sum, size) => sum + size, 0));
  return split(x, totals, 0).flatMap((part, i) => splitUp(part, runs[i]!));
}
