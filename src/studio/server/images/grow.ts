/** Columns by id. */
type Column = Uint8Array | Uint16Array | Uint32Array | Float32Array;

/** A column with room for so many ids and more: the same one if it has that, else a longer copy. */
export function withRoom<C extends Column>(column: C, length: number): C {
  if (column.length >= length) return column;
  const Type = column.constructor as new (length: number) => C;
  const longer = new Type(Math.max(1024, length, Math.floor(1.5 * column.length)));
  longer.set(column);
  return longer;
}
