import type { NamedFile } from "../../protocol.ts";

/** Saves a file as a download of the browser. */
export function save({ name, blob }: NamedFile): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads the address when it comes to it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
