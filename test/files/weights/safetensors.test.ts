import { readFileSync, readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NdArray } from "../../../src/engine/graph/index.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/files/weights/safetensors.ts";
import { UserError } from "../../../src/user-error.ts";
import { readGolden, readGoldenMetadata } from "../../golden.ts";

const golden = new URL("../../golden/", import.meta.url);

function join(chunks: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** Compares memory, NaNs and all; the runner's own comparison takes a minute for megabytes. */
function sameBytes(a: NodeJS.TypedArray, b: NodeJS.TypedArray): boolean {
  const view = (x: NodeJS.TypedArray): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  return view(a).equals(view(b));
}

/** A file with any header at all. */
function file(header: unknown, body: number): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return join([length, json, new Uint8Array(body)]);
}

const everyType: Record<string, NdArray> = {
  weights: { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, NaN, 1e-45) },
  exact: { dtype: "float64", shape: [1], data: Float64Array.of(Math.PI) },
  steps: { dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) },
  index: { dtype: "int32", shape: [3], data: Int32Array.of(1, -2, 3) },
  pixels: { dtype: "uint8", shape: [3], data: Uint8Array.of(0, 128, 255) },
  mask: { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) },
  scalar: { dtype: "float32", shape: [], data: Float32Array.of(7) },
  empty: { dtype: "float32", shape: [0, 4], data: new Float32Array(0) },
  ["__proto__"]: { dtype: "uint8", shape: [1], data: Uint8Array.of(9) },
  "名前.0": { dtype: "uint8", shape: [1], data: Uint8Array.of(1) },
};

describe("golden files", () => {
  const names = readdirSync(golden).filter((name) => name.endsWith(".safetensors"));

  test.each(names)(
    "%s reads as the reference reader reads it, and survives a round trip",
    (name) => {
      const decoded = decodeSafetensors(new Uint8Array(readFileSync(new URL(name, golden))), name);
      const expected = readGolden(name.replace(".safetensors", ""));
      expect(Object.keys(decoded.tensors).sort()).toEqual(Object.keys(expected).sort());
      for (const [key, { shape, data }] of Object.entries(expected)) {
        const tensor = decoded.tensors[key]!;
        expect(tensor.shape).toEqual(shape);
        const values = Float64Array.from(tensor.data as ArrayLike<number>, Number);
        expect(sameBytes(values, Float64Array.from(data))).toBe(true);
      }
      expect({ ...decoded.metadata }).toEqual(readGoldenMetadata(name.replace(".safetensors", "")));
      const chunks = encodeSafetensors(decoded.tensors, decoded.metadata);
      const again = decodeSafetensors(join(chunks));
      expect({ ...again.metadata }).toEqual({ ...decoded.metadata });
      for (const [key, { dtype, shape, data }] of Object.entries(decoded.tensors)) {
        expect([again.tensors[key]!.dtype, again.tensors[key]!.shape]).toEqual([dtype, shape]);
        expect(sameBytes(again.tensors[key]!.data, data)).toBe(true);
      }
    },
  );
});

test("every element type, scalars, empty tensors and odd names survive a round trip", () => {
  const metadata = { step: "12", config: '{"a":1}' };
  const decoded = decodeSafetensors(join(encodeSafetensors(everyType, metadata)));
  expect(Object.keys(decoded.tensors).sort()).toEqual(Object.keys(everyType).sort());
  for (const [name, tensor] of Object.entries(everyType)) {
    expect(decoded.tensors[name]).toEqual(tensor);
  }
  expect({ ...decoded.metadata }).toEqual(metadata);
  expect(decoded.tensors["toString"]).toBeUndefined();
});

test("tensors are written from their own memory and read as views of the file", () => {
  const chunks = encodeSafetensors(everyType);
  expect(chunks.some((chunk) => chunk.buffer === everyType["weights"]!.data.buffer)).toBe(true);
  expect(chunks[0]!.length % 8).toBe(0);
  const bytes = join(chunks);
  const { tensors } = decodeSafetensors(bytes);
  for (const { data } of Object.values(tensors)) expect(data.buffer).toBe(bytes.buffer);
});

test("a file at an odd place in memory is copied, not misread", () => {
  const bytes = join(encodeSafetensors(everyType));
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeSafetensors(shifted.subarray(3)).tensors).toEqual(decodeSafetensors(bytes).tensors);
});

test("equal tensors give equal bytes, whatever the order they come in", () => {
  const backwards = Object.fromEntries(Object.entries(everyType).reverse());
  expect(join(encodeSafetensors(backwards, { b: "2", a: "1" }))).toEqual(
    join(encodeSafetensors(everyType, { a: "1", b: "2" })),
  );
});

test("half precision widens to the float32 of the same value", () => {
  const bits = Uint16Array.of(
    0x3c00,
    0xc000,
    0x0001,
    0x03ff,
    0x0400,
    0x7bff,
    0x7c00,
    0xfc00,
    0x8000,
  );
  const values = [1, -2, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, -0];
  const header = {
    half: { dtype: "F16", shape: [9], data_offsets: [0, 18] },
    brain: { dtype: "BF16", shape: [2], data_offsets: [18, 22] },
  };
  const bytes = file(header, 22);
  bytes.set(new Uint8Array(bits.buffer), bytes.length - 22);
  bytes.set(new Uint8Array(Uint16Array.of(0x3f80, 0xc049).buffer), bytes.length - 4);
  const { tensors } = decodeSafetensors(bytes);
  expect([...tensors["half"]!.data]).toEqual(values);
  expect([...tensors["brain"]!.data]).toEqual([1, -3.140625]);
});

test("what cannot be written is refused", () => {
  const data = new Float32Array(3);
  expect(() => encodeSafetensors({ a: { dtype: "float32", shape: [2, 2], data } })).toThrow(
    /"a" of shape \[2,2\] needs 4 elements, its data has 3/,
  );
  expect(() => encodeSafetensors({ __metadata__: { dtype: "float32", shape: [3], data } })).toThrow(
    /__metadata__/,
  );
});

const f32 = (shape: unknown, data_offsets: unknown): object => ({
  dtype: "F32",
  shape,
  data_offsets,
});

test.each([
  ["an empty file", new Uint8Array(0), /ends after 0 bytes/],
  [
    "a header longer than the file",
    Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 123),
    /claims 255 bytes/,
  ],
  [
    "a header of nine megabytes",
    Buffer.concat([Uint8Array.of(0, 0, 0x90, 0, 0, 0, 0, 0, 123), Buffer.alloc(9 * 2 ** 20)]),
    /its header has 9437184 bytes, at most 8388608/,
  ],
  ["a header of 2^63 bytes", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123), /claims 9223372036854/],
  ["a header that is no JSON", file("{nonsense", 0), /not JSON/],
  ["a header that is no UTF-8", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), /not JSON/],
  ["a header that is a list", file([], 0), /not a JSON object/],
  [
    "metadata that are no strings",
    file({ __metadata__: { step: 3 } }, 0),
    /"step", which is not a string/,
  ],
  ["metadata that are a list", file({ __metadata__: [] }, 0), /not an object of strings/],
  ["a tensor that is null", file({ w: null }, 0), /"w" is described by null, not by an object/],
  [
    "an unknown type",
    file({ w: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, 1),
    /"w" is of type "F8_E4M3"/,
  ],
  [
    "a type from the prototype",
    file({ w: { dtype: "toString", shape: [1], data_offsets: [0, 1] } }, 1),
    /"w" is of type/,
  ],
  ["a negative axis", file({ w: f32([-1], [0, 4]) }, 4), /"w" has the shape \[-1\], expected/],
  ["an axis of 1.5", file({ w: f32([1.5], [0, 6]) }, 6), /"w" has the shape \[1\.5\], expected/],
  [
    "a shape that overflows",
    file({ w: f32([2 ** 40, 2 ** 40], [0, 4]) }, 4),
    /"w".* needs .* it has 4/,
  ],
  [
    "three offsets",
    file({ w: f32([1], [0, 4, 8]) }, 4),
    /"w" has the data_offsets \[0,4,8\], expected two/,
  ],
  ["offsets backwards", file({ w: f32([1], [4, 0]) }, 4), /"w" lies at bytes 4 to 0/],
  [
    "offsets past the end",
    file({ w: f32([2], [0, 8]) }, 4),
    /"w" lies at bytes 0 to 8, the file has 4/,
  ],
  ["a size unlike the shape", file({ w: f32([2], [0, 4]) }, 4), /"w".* needs 8 bytes, it has 4/],
  ["an overlap", file({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8), /"b".*overlaps/],
  ["a gap", file({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, 12), /"b".*gap/],
  ["bytes left over", file({ a: f32([1], [0, 4]) }, 9), /end at byte 4, the file at 9/],
])("%s is refused with its name", (_, bytes, message) => {
  expect(() => decodeSafetensors(bytes, "last.safetensors")).toThrow(message);
  expect(() => decodeSafetensors(bytes, "last.safetensors")).toThrow(/^last\.safetensors: /);
  expect(() => decodeSafetensors(bytes)).toThrow(UserError);
});

test("a file cut short anywhere is refused", () => {
  const bytes = join(encodeSafetensors(everyType));
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(UserError);
  }
});

test("however a file is mutated, it is refused by name or read within its bounds", () => {
  const bytes = join(encodeSafetensors(everyType, { step: "1" }));
  const mutation = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(mutation, (changes) => {
      const mutated = bytes.slice();
      for (const [at, value] of changes) mutated[at] = value;
      try {
        for (const { shape, data } of Object.values(decodeSafetensors(mutated).tensors)) {
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
});
