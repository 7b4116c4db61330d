import { readFileSync } from "node:fs";

/** A tensor of a golden file, row-major. */
export interface GoldenTensor {
  readonly dtype: "F32" | "I64" | "U8";
  readonly shape: readonly number[];
  /** Values as numbers, I64 included: golden integers are small. */
  readonly data: Float32Array | Float64Array | Uint8Array;
}

type Header = Record<
  string,
  { dtype: string; shape: number[]; data_offsets: [number, number] } | Record<string, string>
>;

/** Tensors of test/golden/<name>.safetensors by name. */
export function readGolden(name: string): Record<string, GoldenTensor> {
  const { header, body } = open(name);
  const tensors: Record<string, GoldenTensor> = {};
  for (const [key, entry] of Object.entries(header)) {
    if (key === "__metadata__") continue;
    const { dtype, shape, data_offsets } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const bytes = body.slice(...data_offsets); // a copy, so that any alignment is fine
    if (dtype === "F32") tensors[key] = { dtype, shape, data: new Float32Array(bytes) };
    else if (dtype === "U8") tensors[key] = { dtype, shape, data: new Uint8Array(bytes) };
    else if (dtype === "I64")
      tensors[key] = { dtype, shape, data: Float64Array.from(new BigInt64Array(bytes), Number) };
    else
      throw new TypeError(`golden ${name}: ${key} is ${dtype}; this reader knows F32, I64 and U8`);
  }
  return tensors;
}

/** The settings a golden file was made with. */
export function readGoldenMetadata(name: string): Record<string, string> {
  return (open(name).header["__metadata__"] ?? {}) as Record<string, string>;
}

function open(name: string): { header: Header; body: ArrayBuffer } {
  const file = readFileSync(new URL(`./golden/${name}.safetensors`, import.meta.url));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Header;
  const start = file.byteOffset + 8 + length;
  return { header, body: file.buffer.slice(start, file.byteOffset + file.length) as ArrayBuffer };
}
