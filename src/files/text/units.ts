/** A number of things: `1 mask`, `2 masks`. */
export function counted(count: number, thing: string): string {
  return `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;
}

/** What a folder that should be empty has: `1 file or folder`, `2 files or folders`. */
export function occupants(count: number): string {
  return count === 1 ? "1 file or folder" : `${count.toLocaleString("en")} files or folders`;
}

/** A number of bytes with a unit: `12 B`, `1.5 kB`, `97.5 MB`. */
export function inUnits(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
