/**
 * A hash table of names with open addressing: slots hold id + 1, or 0, and at most half of them are filled.
 * @param room slots at least
 */
export function buildNameTable(lots: Uint32Array, ids: Uint32Array, room = 0): Uint32Array {
  const slots = Math.max(room, 2 * ids.length + 4);
  const table = new Uint32Array(2 ** Math.ceil(Math.log2(slots)));
  addNames(table, lots, ids);
  return table;
}

/** Adds names by their hashes to a table that has room for them. */
export function addNames(table: Uint32Array, lots: Uint32Array, ids: Uint32Array): void {
  const last = table.length - 1;
  for (const id of ids) {
    let slot = lots[id]! & last;
    while (table[slot] !== 0) slot = (slot + 1) & last;
    table[slot] = id + 1;
  }
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
