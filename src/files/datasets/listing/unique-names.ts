import { NameTable } from "./name-table.ts";

/** The number of items that are named together, since a `NameTable` adds many names at a time faster. */
const atOnce = 256;

/** Names of characters that all are in lower case or have none. */
const isFolded = /^[a-z0-9._ ()+=@,-]*$/;

/**
 * Items with names that differ in more than letter case. Of several with the same name, the first keeps it, the next is
 * called `cat-2` and so on.
 */
export function uniquelyNamed<T extends { readonly name: string }>(
  count: number,
  make: (index: number) => T,
): T[] {
  const usedNames = new NameTable(count);
  const items = new Array<T>(count);
  for (let start = 0; start < count; start += atOnce) {
    const block = Array.from({ length: Math.min(atOnce, count - start) }, (_, i) =>
      make(start + i),
    );
    usedNames.addAll(
      block.map(({ name }) => folded(name)),
      (i, _, isNew) => {
        const item = block[i]!;
        items[start + i] = isNew ? item : { ...item, name: nextFree(item.name, usedNames) };
      },
    );
  }
  return items;
}

function nextFree(base: string, usedNames: NameTable): string {
  for (let n = 2; ; n++) {
    const name = `${base}-${n}`;
    if (usedNames.addNew(folded(name))) return name;
  }
}

/** A name in lower case, as most names are. */
function folded(name: string): string {
  return isFolded.test(name) ? name : name.toLowerCase();
}
