import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type NdArray, onnxType } from "./ndarray.ts";
import type { Attribute, Attributes, Tensor } from "./tensor.ts";

// The messages of onnx.proto3 (IR version 8) that models consist of, written by field numbers.
const attributeType = { float: 1, int: 2, string: 3, ints: 7 };
/**
 * Smallest number of bytes of a tensor in the second file. Shapes and axes, which are smaller, must stay in the model.
 */
const smallestExternal = 1024;
/** Bytes of a memory page. Tensors in the second file start at pages, so that it can be memory-mapped. */
const page = 4096;

/** The pieces of a model's files, in order; tensors are not copied. */
export interface EncodedModel {
  readonly model: readonly Uint8Array[];
  /** Content of the file named by `externalData`; empty without it. */
  readonly externalData: readonly Uint8Array[];
}

/** Writes a nested message. */
export function message(w: BinaryWriter, field: number, write: (w: BinaryWriter) => void): void {
  w.uint32((field << 3) | 2).fork();
  write(w);
  w.join();
}

/** Writes an entry of a map from text to text. */
export function writeEntry(w: BinaryWriter, field: number, key: string, value: string): void {
  message(w, field, (entry) =>
    entry
      .uint32((1 << 3) | 2)
      .string(key)
      .uint32((2 << 3) | 2)
      .string(value),
  );
}

/** An operator with the names of its inputs and outputs. */
export interface NamedNode {
  readonly operator: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Attributes;
}

export function writeNode(w: BinaryWriter, node: NamedNode): void {
  const { operator, domain = "", inputs, outputs, attributes = {} } = node;
  message(w, 1, (n) => {
    for (const name of inputs) n.uint32((1 << 3) | 2).string(name);
    for (const name of outputs) n.uint32((2 << 3) | 2).string(name);
    n.uint32((4 << 3) | 2).string(operator);
    for (const [key, value] of Object.entries(attributes))
      message(n, 5, (a) => writeAttribute(a, key, value));
    if (domain) n.uint32((7 << 3) | 2).string(domain);
  });
}

function writeAttribute(w: BinaryWriter, name: string, value: Attribute): void {
  w.uint32((1 << 3) | 2).string(name);
  let type: number;
  if (typeof value === "number") {
    w.uint32((3 << 3) | 0).int64(value);
    type = attributeType.int;
  } else if (typeof value === "string") {
    w.uint32((4 << 3) | 2).string(value);
    type = attributeType.string;
  } else if ("float" in value) {
    w.uint32((2 << 3) | 5).float(value.float);
    type = attributeType.float;
  } else {
    message(w, 8, (ints) => value.forEach((v) => ints.int64(v)));
    type = attributeType.ints;
  }
  w.uint32((20 << 3) | 0).int32(type);
}

export function writeValueInfo(
  w: BinaryWriter,
  name: string,
  tensor: Tensor,
  description?: string,
): void {
  w.uint32((1 << 3) | 2).string(name);
  message(w, 2, (type) =>
    message(type, 1, (tensorType) => {
      tensorType.uint32((1 << 3) | 0).int32(onnxType[tensor.dtype]);
      message(tensorType, 2, (shape) => {
        for (const dim of tensor.shape) {
          message(shape, 1, (d) => {
            if (typeof dim === "number") d.uint32((1 << 3) | 0).int64(dim);
            else d.uint32((2 << 3) | 2).string(dim.key);
          });
        }
      });
    }),
  );
  if (description !== undefined) w.uint32((3 << 3) | 2).string(description);
}

/** Writes tensors between other fields without copying their data. Large tensors go to a second file. */
export class TensorWriter {
  /** Writer of the fields between tensors. */
  readonly writer = new BinaryWriter();
  private readonly pieces: Uint8Array[] = [];
  private readonly outside: Uint8Array[] = [];
  private offset = 0;

  /** @param location name of the second file; without it all tensors stay in the model */
  constructor(private readonly location?: string) {}

  write(field: number, name: string, { dtype, shape, data }: NdArray): void {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const head = new BinaryWriter();
    if (shape.length > 0) message(head, 1, (dims) => shape.forEach((dim) => dims.int64(dim)));
    head.uint32((2 << 3) | 0).int32(onnxType[dtype]);
    head.uint32((8 << 3) | 2).string(name);
    if (this.location !== undefined && raw.length >= smallestExternal) {
      writeEntry(head, 13, "location", this.location);
      writeEntry(head, 13, "offset", String(this.offset));
      writeEntry(head, 13, "length", String(raw.length));
      head.uint32((14 << 3) | 0).int32(1); // data_location = EXTERNAL
      this.writer.uint32((field << 3) | 2).bytes(head.finish());
      const padding = -raw.length & (page - 1);
      this.outside.push(raw, new Uint8Array(padding));
      this.offset += raw.length + padding;
    } else {
      head.uint32((9 << 3) | 2).uint32(raw.length);
      const fields = head.finish();
      this.writer.uint32((field << 3) | 2).uint32(fields.length + raw.length);
      this.writer.raw(fields);
      this.pieces.push(this.writer.finish(), raw);
    }
  }

  finish(): EncodedModel {
    return { model: [...this.pieces, this.writer.finish()], externalData: this.outside };
  }
}

export function byteLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
