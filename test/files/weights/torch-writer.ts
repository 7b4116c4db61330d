import { zipSync } from "fflate";

/** A piece of a pickle that leaves one value on the stack. */
export type Pickled = Uint8Array;

const raw = (...pieces: (string | number | Uint8Array)[]): Pickled =>
  new Uint8Array(
    Buffer.concat(
      pieces.map((piece) =>
        typeof piece === "string"
          ? Buffer.from(piece, "latin1")
          : typeof piece === "number"
            ? Buffer.from([piece])
            : piece,
      ),
    ),
  );

const uint32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** What Python writes for each kind of value, in protocol 2. */
export const py = {
  raw,
  none: raw("N"),
  text: (value: string) => raw("X", uint32(Buffer.byteLength(value)), Buffer.from(value)),
  integer(value: number): Pickled {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return raw(0x8a, 8, bytes);
  },
  tuple: (...items: Pickled[]) => raw("(", ...items, "t"),
  list: (...items: Pickled[]) => raw("](", ...items, "e"),
  dictionary: (entries: Record<string, Pickled>) =>
    raw("}(", ...Object.entries(entries).flatMap(([key, value]) => [py.text(key), value]), "u"),
  global: (module: string, name: string) => raw("c", module, "\n", name, "\n"),
  call: (target: Pickled, ...args: Pickled[]) => raw(target, py.tuple(...args), "R"),
  file: (value: Pickled) => raw(0x80, 2, value, "."),
};

export interface TensorPlan {
  readonly key?: string;
  readonly type?: string;
  /** Elements of its storage. */
  readonly length: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
}

/** A tensor as torch.save pickles it. */
export function tensor({
  key = "0",
  type = "FloatStorage",
  length,
  offset = 0,
  shape,
  strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1)),
}: TensorPlan): Pickled {
  const storage = [
    py.text("storage"),
    py.global("torch", type),
    py.text(key),
    py.text("cpu"),
    py.integer(length),
  ];
  const numbers = (values: readonly number[]): Pickled => py.tuple(...values.map(py.integer));
  return py.call(
    py.global("torch._utils", "_rebuild_tensor_v2"),
    raw(py.tuple(...storage), "Q"),
    py.integer(offset),
    numbers(shape),
    numbers(strides),
    raw(0x89),
    py.call(py.global("collections", "OrderedDict")),
  );
}

/** A file as torch.save writes it now. @param storages bytes by key */
export function torchZip(
  value: Pickled,
  storages: Record<string, Uint8Array> = {},
  { byteorder = "little", level = 0 as 0 | 6 } = {},
): Uint8Array {
  const data = Object.fromEntries(
    Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes]),
  );
  return zipSync(
    {
      "archive/data.pkl": py.file(value),
      "archive/byteorder": Buffer.from(byteorder),
      ...data,
      "archive/version": Buffer.from("3\n"),
    },
    { level },
  );
}

/** A file as torch.save wrote it before 1.6. */
export function torchLegacy(
  value: Pickled,
  storages: Record<string, { readonly length: number; readonly bytes: Uint8Array }>,
  littleEndian = true,
): Uint8Array {
  const magic = raw(0x8a, 10, Buffer.from("6cfc9c46f9206aa85019", "hex"));
  const system = raw("}", py.text("little_endian"), littleEndian ? 0x88 : 0x89, "s");
  const parts = [magic, py.integer(1001), system, value].map(py.file);
  parts.push(py.file(py.list(...Object.keys(storages).map(py.text))));
  for (const { length, bytes } of Object.values(storages)) {
    const head = Buffer.alloc(8);
    if (littleEndian) head.writeBigInt64LE(BigInt(length));
    else head.writeBigInt64BE(BigInt(length));
    parts.push(raw(head, bytes));
  }
  return raw(...parts);
}

/** Little-endian float32. */
export function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
