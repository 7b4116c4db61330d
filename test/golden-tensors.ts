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

/** Tensors of the bytes of a golden file by name. Needs nothing of Node, so that a browser can read them too. */
export function goldenTensors(bytes: Uint8Array, name: string): Record<string, GoldenTensor> {
  const { header, body } = parse(bytes);
  const tensors: Record<string, GoldenTensor> = {};
  for (const [key, entry] of Object.entries(header)) {
    if (key === "__metadata__") continue;
    const { dtype, shape, data_offsets } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const data = body.slice(...data_offsets).buffer; // a copy, so that any alignment is fine
    if (dtype === "F32") tensors[key] = { dtype, shape, data: new Float32Array(data) };
    else if (dtype === "U8") tensors[key] = { dtype, shape, data: new Uint8Array(data) };
    else if (dtype === "I64")
      tensors[key] = { dtype, shape, data: Float64Array.from(new BigInt64Array(data), Number) };
    else
      throw new TypeError(`golden ${name}: ${key} is ${dtype}; this reader knows F32, I64 and U8`);
  }
  return tensors;
}

/** The settings that a golden file was made with. */
export function goldenMetadata(bytes: Uint8Array): Record<string, string> {
  return (parse(bytes).header["__metadata__"] ?? {}) as Record<string, string>;
}

function parse(file: Uint8Array): { header: Header; body: Uint8Array<ArrayBuffer> } {
  // A copy even of a Buffer, whose own slice() is none.
  const bytes = new Uint8Array(file);
  const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, end))) as Header;
  return { header, body: bytes.subarray(end) };
}
