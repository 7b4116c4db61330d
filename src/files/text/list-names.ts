/** The first names of a list, and the number of further ones. */
export function listNames(names: readonly string[], most = 6): string {
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join(", ")}${more}`;
}
