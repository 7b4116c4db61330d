import type { OpenFile } from "../../store.ts";
import { orUnreadable } from "./file-error.ts";

/** A file or blob with random access. It has the content that it had when it was opened; a change since then is a UserError. */
export function blobSource(blob: Blob, name: string): OpenFile {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      if (offset + length > blob.size) {
        throw new RangeError(
          `${name}: read of ${length} bytes at ${offset}, but there are ${blob.size}`,
        );
      }
      const part = blob.slice(offset, offset + length);
      return new Uint8Array(await orUnreadable(name, part.arrayBuffer()));
    },
    close: () => Promise.resolve(),
  };
}
