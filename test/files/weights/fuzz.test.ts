import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openZip } from "../../../src/host/node/files/stored-archive.ts";
import { UserError } from "../../../src/user-error.ts";
import { openWeights } from "../../../src/files/weights/open.ts";
import { bytesSource } from "../../../src/host/byte-source.ts";
import { understandWeights } from "../../../src/files/weights/understand.ts";
import { readTensor, storedBytes } from "../../../src/files/weights/weights-file.ts";
import { floats, py, tensor, torchLegacy, torchZip } from "./torch-writer.ts";

const runs = 1500;

function golden(name: string): Uint8Array {
  return readFileSync(new URL(`../../golden/checkpoints/${name}`, import.meta.url));
}

const small = py.dictionary({
  "encoder.patch_embed1.proj.weight": tensor({ length: 6, shape: [3, 2], strides: [1, 3] }),
  "optimizer": py.list(tensor({ length: 6, offset: 2, shape: [2, 2] }), py.none),
}); // prettier-ignore
const data = floats(1, 2, 3, 4, 5, 6);

const files: Record<string, Uint8Array> = {
  "odd.pth": golden("odd_tensors.pth"),
  "odd.safetensors": golden("odd_tensors.safetensors"),
  "small.pth": torchZip(small, { 0: data }),
  "old.pth": torchLegacy(small, { 0: { length: 6, bytes: data } }),
};

interface Mutation {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly kind: "overwrite" | "insert" | "cut" | "copy";
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  kind: fc.constantFrom("overwrite", "overwrite", "insert", "cut", "copy"),
});

function mutate(file: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  let bytes = Buffer.from(file);
  for (const { at, bytes: piece, kind } of mutations) {
    const position = Math.floor(at * bytes.length);
    const [before, after] = [bytes.subarray(0, position), bytes.subarray(position)];
    if (kind === "overwrite") bytes.set(piece.subarray(0, after.length), position);
    else if (kind === "insert") bytes = Buffer.concat([before, piece, after]);
    else if (kind === "cut") bytes = Buffer.concat([before, after.subarray(piece.length * 3)]);
    else bytes = Buffer.concat([before, after.subarray(0, piece.length * 8), after]);
  }
  return new Uint8Array(bytes);
}

test.each(Object.entries(files))(
  `%s mutated ${runs} times is read or refused in words, at once and in little memory`,
  async (name, whole) => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const bytes = mutate(whole, mutations);
        const started = performance.now();
        try {
          const file = await openWeights(bytesSource(bytes, name), openZip);
          understandWeights(file);
          for (const stored of file.tensors) {
            expect(storedBytes(stored)).toBeLessThan(2 ** 25);
            await readTensor(stored);
          }
          read++;
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
        expect(performance.now() - started).toBeLessThan(2000);
      }),
      { numRuns: runs, seed: 7 },
    );
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(runs);
  },
);
