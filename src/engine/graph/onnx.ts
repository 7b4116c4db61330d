import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { NdArray } from "./ndarray.ts";
import {
  type EncodedModel,
  byteLength,
  message,
  TensorWriter,
  writeEntry,
  writeNode,
  writeValueInfo,
} from "./onnx-messages.ts";
import { topological } from "./topological.ts";
import { type Node, type Tensor, resolve } from "./tensor.ts";

// Field numbers of onnx.proto3 (IR version 8).
const irVersion = 8;
/** The newest operator set that both ONNX Runtime from 1.17 on and the checkers of 2022 support. */
export const opset = 17;
/** Protobuf's limit for a message. */
const largestMessage = 2 ** 31 - 1;

export interface ModelOptions {
  readonly name?: string;
  /** Values of inputs that are stored in the model instead of being fed. */
  readonly initializers?: Readonly<Record<string, NdArray>>;
  /** Texts stored with the model, by key. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Description of the model for people who open it. */
  readonly description?: string;
  /** Descriptions of inputs and outputs, by name. */
  readonly descriptions?: Readonly<Record<string, string>>;
  /**
   * Whether to use only operators of the ONNX standard. Gelu then becomes five operators, which ONNX Runtime fuses
   * again.
   */
  readonly portable?: boolean;
}

export interface EncodeOptions extends ModelOptions {
  /** Name of a second file, next to the model's, for large tensors. */
  readonly externalData?: string;
}

/**
 * Writes the graph that computes `outputs` as an ONNX model. Its inputs are the `input` tensors that the outputs depend
 * on, except those with `initializers`.
 */
export function writeModel(
  outputs: Readonly<Record<string, Tensor>>,
  options: ModelOptions = {},
): Uint8Array<ArrayBuffer> {
  const { model } = encodeModel(outputs, options);
  const bytes = new Uint8Array(byteLength(model));
  let end = 0;
  for (const piece of model) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

/** Like `writeModel`, but in pieces, and with large tensors in a second file if `externalData` names one. */
export function encodeModel(
  outputs: Readonly<Record<string, Tensor>>,
  options: EncodeOptions = {},
): EncodedModel {
  const { name = "tag2mask", metadata = {}, description, portable = false } = options;
  const body = new GraphWriter(options).write(name, outputs);
  const length = byteLength(body.model);
  if (length > largestMessage) {
    throw new RangeError(
      `onnx: the model has ${length} bytes, but a file can have at most ${largestMessage}; give externalData`,
    );
  }
  const head = new BinaryWriter();
  head.uint32((1 << 3) | 0).int64(irVersion);
  head.uint32((2 << 3) | 2).string("tag2mask");
  if (description !== undefined) head.uint32((6 << 3) | 2).string(description);
  const domains = [["", opset] as const, ...(portable ? [] : [["com.microsoft", 1] as const])];
  for (const [domain, version] of domains) {
    message(head, 8, (w) =>
      w
        .uint32((1 << 3) | 2)
        .string(domain)
        .uint32((2 << 3) | 0)
        .int64(version),
    );
  }
  // Metadata comes before the graph, where it can be read without reading the weights.
  for (const [key, value] of Object.entries(metadata)) writeEntry(head, 14, key, value);
  head.uint32((7 << 3) | 2).uint32(length);
  return { model: [head.finish(), ...body.model], externalData: body.externalData };
}

class GraphWriter {
  private readonly inputs = new Map<string, Tensor>();
  private readonly names = new Map<Tensor, string>();
  private readonly constants = new Map<string, { name: string; value: NdArray }>();

  constructor(private readonly options: EncodeOptions) {}

  /** Writes the graph that computes these outputs, each of which gets its public name from an Identity. */
  write(name: string, outputs: Readonly<Record<string, Tensor>>): EncodedModel {
    const { externalData, descriptions = {}, initializers = {} } = this.options;
    const tensors = new TensorWriter(externalData);
    const w = tensors.writer;
    for (const node of topological(Object.values(outputs))) this.writeNode(w, node);
    const named = Object.entries(outputs).map(
      ([output, t]) => [output, this.nameOf(t), t] as const,
    );
    for (const [output, from] of named) {
      if (this.inputs.has(output))
        throw new Error(
          `onnx: ${output} is the name of an input and of an output; give each its own`,
        );
      writeNode(w, { operator: "Identity", inputs: [from], outputs: [output] });
    }
    w.uint32((2 << 3) | 2).string(name);
    for (const { name: constant, value } of this.constants.values())
      tensors.write(5, constant, value);
    for (const [input, tensor] of this.inputs) {
      const value = initializers[input];
      if (value) checkInitializer(input, value, tensor);
      if (value) tensors.write(5, input, value);
      else message(w, 11, (v) => writeValueInfo(v, input, tensor, descriptions[input]));
    }
    for (const [output, , tensor] of named)
      message(w, 12, (v) => writeValueInfo(v, output, tensor, descriptions[output]));
    return tensors.finish();
  }

  private nameOf(tensor: Tensor): string {
    const t = resolve(tensor);
    const known = this.names.get(t);
    if (known !== undefined) return known;
    let name: string;
    if (t.source.kind === "input") {
      name = t.source.name;
      const other = this.inputs.get(name);
      if (other && other !== t)
        throw new Error(`onnx: ${name} is the name of two inputs; give each its own`);
      this.inputs.set(name, t);
    } else if (t.source.kind === "constant") {
      name = this.constantName(t.source.value);
    } else {
      name = `/t${this.names.size}`; // names of inputs have no slash
    }
    this.names.set(t, name);
    return name;
  }

  /** Equal small constants are written once. */
  private constantName(value: NdArray): string {
    const small = value.data.length <= 16;
    const key = small
      ? `${value.dtype}[${value.shape}]${value.data.join()}`
      : `#${this.constants.size}`;
    const known = this.constants.get(key);
    if (known) return known.name;
    const name = `/c${this.constants.size}`;
    this.constants.set(key, { name, value });
    return name;
  }

  private writeNode(w: BinaryWriter, node: Node): void {
    const { domain, attributes } = node;
    const operator = node.operator!;
    const inputs = node.inputs.map((t) => (t ? this.nameOf(t) : ""));
    const outputs = node.outputs.map((t) => this.nameOf(t));
    if (this.options.portable && domain !== "") this.writeGelu(w, operator, inputs, outputs[0]!);
    else writeNode(w, { operator, domain, inputs, attributes, outputs });
  }

  /** x · (1 + erf(x / √2)) · 0.5, in the order that ONNX Runtime recognizes. */
  private writeGelu(w: BinaryWriter, operator: string, [x]: readonly string[], y: string): void {
    if (operator !== "Gelu")
      throw new Error(
        `onnx: ${operator} is not in the ONNX standard; write the model without portable`,
      );
    const number = (value: number): string =>
      this.constantName({ dtype: "float32", shape: [], data: Float32Array.of(value) });
    const parts = [
      ["Div", x!, number(Math.SQRT2), `${y}/scaled`],
      ["Erf", `${y}/scaled`, "", `${y}/erf`],
      ["Add", `${y}/erf`, number(1), `${y}/sum`],
      ["Mul", x!, `${y}/sum`, `${y}/double`],
      ["Mul", `${y}/double`, number(0.5), y],
    ] as const;
    for (const [part, a, b, output] of parts)
      writeNode(w, { operator: part, inputs: b === "" ? [a] : [a, b], outputs: [output] });
  }
}

function checkInitializer(name: string, { dtype, shape }: NdArray, tensor: Tensor): void {
  if (
    dtype === tensor.dtype &&
    shape.length === tensor.rank &&
    tensor.shape.every((dim, i) => typeof dim !== "number" || dim === shape[i])
  )
    return;
  throw new RangeError(
    `onnx: initializer ${name} is ${dtype} [${shape}], but its input is ${tensor.dtype} [${tensor.shape}]`,
  );
}
