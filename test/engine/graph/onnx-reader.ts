import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are a single number, by name. */
  readonly attributes: Readonly<Record<string, number>>;
}

/** What tests look at in an ONNX file. */
export interface OnnxModel {
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly string[];
  /** Where tensors of a second file lie, by their names. */
  readonly external: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly description: string;
  /** Of inputs and outputs, by name. */
  readonly descriptions: Readonly<Record<string, string>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

type Message = ReadonlyMap<number, readonly (Uint8Array | number)[]>;

/** Reads an ONNX file's structure, by the field numbers of onnx.proto3. */
export function readModel(bytes: Uint8Array): OnnxModel {
  const model = fields(bytes);
  const graph = fields(model.get(7)![0] as Uint8Array);
  return {
    opsets: Object.fromEntries(messages(model, 8).map((m) => [text(m, 1), m.get(2)![0] as number])),
    metadata: entries(model, 14),
    nodes: messages(graph, 1).map((m) => ({
      operator: text(m, 4),
      domain: text(m, 7),
      inputs: texts(m, 1),
      outputs: texts(m, 2),
      attributes: Object.fromEntries(
        messages(m, 5).map((a) => [text(a, 1), (a.get(2) ?? a.get(3))?.[0] as number]),
      ),
    })),
    initializers: messages(graph, 5).map((m) => text(m, 8)),
    external: Object.fromEntries(
      messages(graph, 5)
        .filter((m) => m.get(14)?.[0] === 1)
        .map((m) => [text(m, 8), entries(m, 13)]),
    ),
    description: text(model, 6),
    descriptions: Object.fromEntries(
      [...messages(graph, 11), ...messages(graph, 12)].map((m) => [text(m, 1), text(m, 3)]),
    ),
    inputs: messages(graph, 11).map((m) => text(m, 1)),
    outputs: messages(graph, 12).map((m) => text(m, 1)),
  };
}

function fields(bytes: Uint8Array): Message {
  const found = new Map<number, (Uint8Array | number)[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const values = found.get(field) ?? [];
    found.set(field, values);
    if (wire === WireType.LengthDelimited) values.push(reader.bytes());
    else if (wire === WireType.Varint) values.push(Number(reader.int64()));
    else if (wire === WireType.Bit32) values.push(reader.float());
    else
      throw new Error(`onnx: field ${field} has wire type ${wire}, which none of our messages has`);
  }
  return found;
}

function messages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((bytes) => fields(bytes as Uint8Array));
}

function entries(message: Message, field: number): Record<string, string> {
  return Object.fromEntries(messages(message, field).map((m) => [text(m, 1), text(m, 2)]));
}

function texts(message: Message, field: number): string[] {
  return (message.get(field) ?? []).map((bytes) => new TextDecoder().decode(bytes as Uint8Array));
}

function text(message: Message, field: number): string {
  return texts(message, field)[0] ?? "";
}
