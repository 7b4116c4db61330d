import { type Dim, type Shape, SymbolicDim } from "./tensor.ts";

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
  // n·(h·w) and (n·h)·w are the same size, so they must have the same key.
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

/** Returns the shape as numbers; throws an error that begins with `where` if a size is symbolic. */
export function staticShape(where: string, shape: Shape): readonly number[] {
  if (!isStatic(shape)) {
    throw new RangeError(
      `${where}: expected a static shape, found [${shape}]; give every axis a number`,
    );
  }
  return shape;
}

/** Product of sizes. */
export function product(dims: Shape): Dim {
  return dims.reduce((a, b) => mulDim(a, b), 1 as Dim);
}
