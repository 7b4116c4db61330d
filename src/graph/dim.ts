import type { Tensor } from "./tensor.ts";

/**
 * One axis of a shape: a number, or a size known only when the graph runs. Symbolic sizes come from
 * an input's axis and are combined by whole-number arithmetic, so that the same network code serves
 * static training graphs and inference graphs with dynamic N, H, W.
 */
export type Dim = number | SymbolicDim;
export type Shape = readonly Dim[];

type Expression =
  | { readonly kind: "axis"; readonly tensor: Tensor; readonly axis: number }
  | { readonly kind: "Add" | "Mul" | "Div"; readonly a: Dim; readonly b: Dim };

/** A size read off a tensor when the graph runs, or computed from such sizes. */
export class SymbolicDim {
  constructor(
    readonly key: string,
    readonly expression: Expression,
  ) {}

  toString(): string {
    return this.key;
  }
}

/** The symbolic size of an input's axis; `name` is what errors and the ONNX file call it. */
export function axisDim(name: string, tensor: Tensor, axis: number): SymbolicDim {
  return new SymbolicDim(name, { kind: "axis", tensor, axis });
}

export function addDim(a: Dim, b: number): Dim {
  if (typeof a === "number") return a + b;
  if (b === 0) return a;
  const e = a.expression;
  if (e.kind === "Add" && typeof e.b === "number") return addDim(e.a, e.b + b);
  return new SymbolicDim(`(${a}${b < 0 ? "" : "+"}${b})`, { kind: "Add", a, b });
}

export function mulDim(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b;
  if (a === 1) return b;
  if (b === 1) return a;
  // n·(h·w) and (n·h)·w are the same size and must have the same key.
  const all = [...factors(a), ...factors(b)];
  const number = all.reduce<number>(
    (n, factor) => (typeof factor === "number" ? n * factor : n),
    1,
  );
  const symbols = all.filter((factor) => typeof factor === "string").sort();
  const key = [...(number === 1 ? [] : [number]), ...symbols].join("*");
  return new SymbolicDim(key, { kind: "Mul", a, b });
}

function factors(dim: Dim): (number | string)[] {
  if (typeof dim === "number") return [dim];
  const e = dim.expression;
  return e.kind === "Mul" ? [...factors(e.a), ...factors(e.b)] : [dim.key];
}

/** floor(a / b) */
export function divDim(a: Dim, b: number): Dim {
  if (typeof a === "number") return Math.floor(a / b);
  return b === 1 ? a : new SymbolicDim(`floor((${a})/${b})`, { kind: "Div", a, b });
}

export function sameDim(a: Dim, b: Dim): boolean {
  return typeof a === "number" ? a === b : typeof b !== "number" && a.key === b.key;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => sameDim(dim, b[i]!));
}

export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dim) => typeof dim === "number");
}

/** The shape as numbers, or an error that names the op which cannot work with symbolic sizes. */
export function staticShape(where: string, shape: Shape): readonly number[] {
  if (!isStatic(shape)) {
    throw new RangeError(
      `${where}: needs a static shape, got [${shape}]; give every axis a number`,
    );
  }
  return shape;
}

/** Number of elements as a size. */
export function product(dims: Shape): Dim {
  return dims.reduce((a, b) => mulDim(a, b), 1 as Dim);
}
