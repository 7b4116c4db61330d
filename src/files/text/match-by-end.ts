/**
 * Finds files for names that may have other folders in front: whole names first, then their ends. The end of several
 * names counts for none of them, since the file may belong to any.
 * @param lookUp the file of a name or of the end of one
 * @param inside the only file in a subfolder that has a name
 */
export function matchByEnd(
  names: readonly string[],
  lookUp: (name: string) => string | undefined,
  inside: (name: string) => string | undefined = () => undefined,
): (string | undefined)[] {
  const whole = names.map((name) => lookUp(name) ?? inside(name));
  const uses = new Map<string, number>();
  const count = (file: string): unknown => uses.set(file, (uses.get(file) ?? 0) + 1);
  for (const file of new Set(whole)) if (file !== undefined) count(file);
  const ends = names.map((name, i) => {
    if (whole[i] !== undefined) return undefined;
    for (let cut = name.indexOf("/"); cut >= 0; cut = name.indexOf("/", cut + 1)) {
      const file = lookUp(name.slice(cut + 1));
      if (file === undefined) continue;
      count(file);
      return file;
    }
    return undefined;
  });
  return ends.map((file, i) => whole[i] ?? (uses.get(file!) === 1 ? file : undefined));
}
