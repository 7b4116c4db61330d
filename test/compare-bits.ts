import { expect } from "vitest";

// Vitest compares typed arrays element by element, which takes seconds for the weights of a network. Arrays of one type with
// the same bits are equal; all others are left to Vitest, which also says where they differ.
const shared = globalThis as { comparesBits?: true };
// Test files that share a process run this for each of them.
if (!shared.comparesBits) {
  shared.comparesBits = true;
  expect.addEqualityTesters([
    (a: unknown, b: unknown) => {
      if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return; // prettier-ignore
      return bytesOf(a).equals(bytesOf(b)) ? true : undefined;
    },
  ]);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
