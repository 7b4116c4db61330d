import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openZip } from "../../../src/host/node/files/stored-archive.ts";
import { UserError } from "../../../src/user-error.ts";
import { openWeights } from "../../../src/files/weights/open.ts";
import { decodeSafetensors } from "../../../src/files/weights/safetensors.ts";
import { bytesSource } from "../../../src/host/byte-source.ts";
import { readTensor, type WeightsFile } from "../../../src/files/weights/weights-file.ts";
import { worstError } from "../../network.ts";
import { floats, py, tensor, torchLegacy, torchZip } from "./torch-writer.ts";

function golden(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../golden/${name}`, import.meta.url)));
}

function open(bytes: Uint8Array, name = "x.pth"): Promise<WeightsFile> {
  return openWeights(bytesSource(bytes, name), openZip);
}

/** Reads every tensor of a file, as numbers. */
async function values(bytes: Uint8Array): Promise<Record<string, number[]>> {
  const { tensors } = await open(bytes);
  const read = tensors.map(async (t) => [t.name, Array.from((await readTensor(t)).data, Number)]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, number[]>;
}

describe("golden checkpoints", () => {
  test.each([
    ["afa_module_prefix.pth", "PyTorch (zip)", "module.", 0],
    ["afa_legacy.pth", "PyTorch (legacy)", "", 0],
    ["afa_nested.pth", "PyTorch (zip)", "", 0],
    ["afa_float16.pth", "PyTorch (zip)", "", 1e-3],
  ])("%s holds the golden model's tensors", async (name, format, prefix, tolerance) => {
    const expected = decodeSafetensors(golden("model.safetensors")).tensors;
    const file = await open(golden(`checkpoints/${name}`), name);
    expect(file.format).toBe(format);
    expect(file.tensors.map((t) => t.name).sort()).toEqual(
      Object.keys(expected).map((key) => prefix + key).sort(), // prettier-ignore
    );
    for (const stored of file.tensors) {
      const { shape, dtype, data } = await readTensor(stored);
      const truth = expected[stored.name.slice(prefix.length)]!;
      expect(shape.length === 0 ? [1] : shape).toEqual(truth.shape.length ? truth.shape : [1]);
      expect(dtype).toBe(truth.dtype);
      expect(worstError(data, truth.data), stored.name).toBeLessThanOrEqual(tolerance);
    }
  });

  test("views, a transpose, a scalar, bfloat16 and whole numbers are what PyTorch says", async () => {
    const expected = decodeSafetensors(golden("checkpoints/odd_tensors.safetensors")).tensors;
    const file = await open(golden("checkpoints/odd_tensors.pth"));
    for (const stored of file.tensors) {
      const truth = expected[stored.name === "bf16" ? "bf16_as_f32" : stored.name]!;
      const { data } = await readTensor(stored);
      expect(Array.from(data, Number)).toEqual(Array.from(truth.data, Number));
      if (stored.name !== "scalar") expect(stored.shape).toEqual(truth.shape);
    }
    const types = file.tensors.map(({ element }) => element.type);
    expect(types).toEqual(["float32", "float32", "float32", "int64", "bfloat16", "bool"]);
  });
});

describe("what PyTorch writes", () => {
  test("tensors share a storage; each is its own view of it", async () => {
    const six = floats(0, 1, 2, 3, 4, 5);
    const file = torchZip(
      py.dictionary({
        all: tensor({ length: 6, shape: [2, 3] }),
        turned: tensor({ length: 6, shape: [3, 2], strides: [1, 3] }),
        column: tensor({ length: 6, offset: 1, shape: [2], strides: [3] }),
        repeated: tensor({ length: 6, offset: 5, shape: [2, 2], strides: [0, 0] }),
        one: tensor({ length: 6, offset: 4, shape: [], strides: [] }),
        none: tensor({ length: 6, offset: 6, shape: [0, 4] }),
        ones: tensor({ length: 6, offset: 2, shape: [1, 2, 1], strides: [7, 1, 9] }),
      }),
      { 0: six },
    );
    expect(await values(file)).toEqual({
      all: [0, 1, 2, 3, 4, 5],
      turned: [0, 3, 1, 4, 2, 5],
      column: [1, 4],
      repeated: [5, 5, 5, 5],
      one: [4],
      none: [],
      ones: [2, 3],
    });
  });

  test("axes in any order, of a part of the storage", async () => {
    const storage = Array.from({ length: 30 }, (_, i) => i);
    // numpy: arange(3, 27).reshape(2, 3, 4).transpose(2, 0, 1)
    const turned = tensor({ length: 30, offset: 3, shape: [4, 2, 3], strides: [1, 12, 4] });
    const expected: number[] = [];
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 2; j++) for (let k = 0; k < 3; k++) expected.push(3 + i + 12 * j + 4 * k);
    const read = await values(torchZip(turned, { 0: floats(...storage) }));
    expect(read["tensor"]).toEqual(expected);
  });

  test.each([
    ["DoubleStorage", new Float64Array([1.5, -2])],
    ["LongStorage", new BigInt64Array([1n, -2n])],
    ["IntStorage", new Int32Array([1, -2])],
    ["ShortStorage", new Int16Array([1, -2])],
    ["CharStorage", new Int8Array([1, -2])],
    ["ByteStorage", new Uint8Array([1, 254])],
    ["BoolStorage", new Uint8Array([1, 0])],
  ])("%s, also turned over", async (type, numbers) => {
    const bytes = new Uint8Array(numbers.buffer);
    const plan = { type, length: 2, shape: [2] };
    const file = py.dictionary({ a: tensor(plan), b: tensor({ ...plan, shape: [1, 2], strides: [1, 1] }) }); // prettier-ignore
    const expected = Array.from(numbers as ArrayLike<number | bigint>, Number);
    expect(await values(torchZip(file, { 0: bytes }))).toEqual({ a: expected, b: expected });
    const turned = Uint8Array.from(bytes);
    for (let i = 0, n = numbers.BYTES_PER_ELEMENT; i < turned.length; i += n)
      turned.subarray(i, i + n).reverse();
    const big = torchZip(file, { 0: turned }, { byteorder: "big" });
    expect(await values(big)).toEqual({ a: expected, b: expected });
    const old = torchLegacy(file, { 0: { length: 2, bytes: turned } }, false);
    expect(await values(old)).toEqual({ a: expected, b: expected });
  });

  test("weights are found under what they are wrapped in, and the rest is told", async () => {
    const weights = py.dictionary({ "module.a": tensor({ length: 1, shape: [1] }) });
    const other = py.dictionary({ b: tensor({ length: 1, shape: [1] }) });
    const wrapped = py.dictionary({
      epoch: py.integer(3),
      model: py.dictionary({ state_dict: weights }),
      state_dict_ema: other,
    });
    const file = await open(torchZip(wrapped, { 0: floats(7) }));
    expect(file.tensors.map(({ name }) => name)).toEqual(["module.a"]);
    expect(file.notes).toEqual([
      'reads "model", ignores "epoch", "state_dict_ema"',
      'reads "state_dict"',
    ]);
  });

  test("a parameter, a list of tensors and a tensor by itself", async () => {
    const one = tensor({ length: 1, shape: [1] });
    const parameter = py.call(py.global("torch._utils", "_rebuild_parameter"), one, py.raw(0x88), py.none); // prettier-ignore
    const storages = { 0: floats(7) };
    expect(await values(torchZip(py.list(parameter, one), storages))).toEqual({ "0": [7], "1": [7] }); // prettier-ignore
    expect(await values(torchZip(one, storages))).toEqual({ tensor: [7] });
  });
});

describe("hostile files", () => {
  const plain = tensor({ length: 2, shape: [2] });
  const zip = (value = plain, storages: Record<string, Uint8Array> = { 0: floats(1, 2) }) =>
    torchZip(value, storages);

  test.each<readonly [string, Uint8Array, RegExp]>([
    ["os.system in a zip", zip(py.call(py.global("os", "system"), py.text("true"))), /asks for os\.system,/],
    ["os.system in an old file", torchLegacy(py.call(py.global("os", "system"), py.text("true")), {}), /asks for os\.system,/],
    ["os.system before anything else", py.file(py.call(py.global("os", "system"), py.text("true"))), /asks for os\.system,/],
    ["a pickle in a pickle", zip(py.call(py.global("torch.storage", "_load_from_bytes"), py.text(""))), /_load_from_bytes, .*torch\.save\(model\.state_dict/],
    ["a whole model", zip(py.call(py.global("models.afa", "WeTr"))), /asks for models\.afa\.WeTr/],
    ["a storage that is called", zip(py.call(py.global("torch", "FloatStorage"))), /calls torch\.FloatStorage as a function/],
    ["a storage that is missing", zip(plain, {}), /storage "0" of 2 float32 needs 8 bytes, it is missing/],
    ["a storage that is too small", zip(plain, { 0: floats(1) }), /needs 8 bytes, it has 4/],
    ["a storage that is too large", zip(plain, { 0: floats(1, 2, 3) }), /needs 8 bytes, it has 12/],
    ["a storage of two types", zip(py.list(plain, tensor({ type: "LongStorage", length: 2, shape: [2] }))), /2 float32 in one place and 2 int64/],
    ["strides beyond the storage", zip(tensor({ length: 2, shape: [2], strides: [2] })), /does not fit its storage of 2/],
    ["an offset beyond the storage", zip(tensor({ length: 2, offset: 1, shape: [2] })), /does not fit/],
    ["a shape of 2^60", zip(tensor({ length: 2, shape: [2 ** 30, 2 ** 30], strides: [0, 0] })), /does not fit/],
    ["a shape beyond all numbers", zip(tensor({ length: 2, shape: Array<number>(60).fill(2 ** 50), strides: Array<number>(60).fill(0) })), /does not fit/],
    ["negative strides", zip(tensor({ length: 2, offset: 1, shape: [2], strides: [-1] })), /of whole numbers/],
    ["other strides than axes", zip(tensor({ length: 2, shape: [2], strides: [1, 1] })), /1 axes and 2 strides/],
    ["a name longer than any", zip(py.dictionary({ ["K".repeat(999)]: py.dictionary({ a: plain }) })), /the name of a tensor has 1001 characters, at most 1000/],
    ["no tensors", zip(py.dictionary({ epoch: py.integer(1) })), /holds no tensors/],
    ["a compressed zip", torchZip(plain, { 0: floats(1, 2) }, { level: 6 }), /compressed or encrypted/],
    ["a zip of something else", Uint8Array.from(Buffer.concat([Buffer.from("PK"), Buffer.alloc(40)])), /damaged zip archive/],
    ["a plain pickle", py.file(py.integer(1)), /not one of torch\.save/],
    ["an empty file", new Uint8Array(0), /is empty; weights are read from/],
    ["a web page", Buffer.from("<!DOCTYPE html><html></html>"), /looks like a web page/],
    ["an old file with a storage that no tensor uses", torchLegacy(plain, { 1: { length: 2, bytes: floats(1, 2) } }), /one that no tensor uses/],
    ["an old file without its storage", torchLegacy(plain, {}), /storage "0" .* is missing/],
    ["an old file of another length", torchLegacy(plain, { 0: { length: 3, bytes: floats(1, 2, 3) } }), /needs 8 bytes, it has 12/],
    ["an old file that is cut short", torchLegacy(plain, { 0: { length: 2, bytes: floats(1) } }), /needs 8 bytes, it has 4/],
  ])("%s", async (_, bytes, message) => {
    await expect(values(bytes)).rejects.toThrow(message);
    await expect(values(bytes)).rejects.toThrow(UserError);
  }); // prettier-ignore

  test("cut short anywhere, a file is refused in words", async () => {
    for (const whole of [zip(), torchLegacy(plain, { 0: { length: 2, bytes: floats(1, 2) } })]) {
      for (let length = 0; length < whole.length; length++) {
        await expect(values(whole.slice(0, length)), String(length)).rejects.toThrow(UserError);
      }
    }
  });
});
