import { NameTable } from "./name-table.ts";

/** Items that are named together, since a `NameTable` takes many names at a time faster. */
const atOnce = 256;

/** Names without anything that has a lower case. */
const isFolded = /^[a-z0-9._ ()+=@,-]*$/;

/**
 * Items with names that differ in more than letter case. Of several with the same name, the first keeps it, the next is
 * called `cat-2` and so on.
 */
export function uniquelyNamed<T extends { readonly name: string }>(
  count: number,
  make: (index: number) => T,
): T[] {
  const taken = new NameTable(count);
  const items = new Array<T>(count);
  for (let start = 0; start < count; start += atOnce) {
    const block = Array.from({ length: Math.min(atOnce, count - start) }, (_, i) =>
      make(start + i),
    );
    taken.addAll(
      block.map(({ name }) => folded(name)),
      (i, _, isNew) => {
        const item = block[i]!;
        items[start + i] = isNew ? item : { ...item, name: nextFree(item.name, taken) };
      },
    );
  }
  return items;
}

function nextFree(base: string, taken: NameTable): string {
  for (let n = 2; ; n++) {
    const name = `${base}-${n}`;
    if (taken.addNew(folded(name))) return name;
  }
}

/** In lower case; most names are already. */
function folded(name: string): string {
  return isFolded.test(name) ? name : name.toLowerCase();
}
