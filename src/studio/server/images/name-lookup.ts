/** A hash table of names with open addressing: slots hold id + 1, or 0, and at most half of them are filled. */
export function buildNameTable(lots: Uint32Array, ids: Iterable<number>): Uint32Array {
  const table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * lots.length + 4)));
  const last = table.length - 1;
  for (const id of ids) {
    let slot = lots[id]! & last;
    while (table[slot] !== 0) slot = (slot + 1) & last;
    table[slot] = id + 1;
  }
  return table;
}

/** The id with a name, whose hash is its lot. */
export function findName(
  table: Uint32Array,
  lot: number,
  hasName: (id: number) => boolean,
): number | undefined {
  const last = table.length - 1;
  for (let slot = lot & last; table[slot] !== 0; slot = (slot + 1) & last) {
    const id = table[slot]! - 1;
    if (hasName(id)) return id;
  }
  return undefined;
}
