import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { NdArray } from "./ndarray.ts";
import { onnxType } from "./ndarray.ts";
import type { Attribute, Node, Tensor } from "./tensor.ts";
import { resolve } from "./tensor.ts";

// Field numbers of onnx.proto3 (IR version 8), the few messages that a model of ours holds.
const attributeType = { float: 1, int: 2, string: 3, ints: 7 };
const irVersion = 8;
/** The newest operator set that every runtime since ONNX Runtime 1.17, and the checkers of 2022, read. */
export const opset = 17;

export interface ModelOptions {
  readonly name?: string;
  /** Values for inputs that become part of the model instead of being fed. */
  readonly initializers?: Readonly<Record<string, NdArray>>;
  /** Free text stored with the model. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes the graph behind `outputs` as an ONNX model. Only what leads to an output is written.
 * Its inputs are the `input` tensors found there, less the `initializers`.
 */
export function writeModel(
  outputs: Readonly<Record<string, Tensor>>,
  options: ModelOptions = {},
): Uint8Array<ArrayBuffer> {
  const { name = "tag2mask", initializers = {}, metadata = {} } = options;
  const graph = new GraphWriter(initializers);
  const named = Object.entries(outputs).map(([output, tensor]) => graph.output(output, tensor));
  const writer = new BinaryWriter();
  writer.uint32((1 << 3) | 0).int64(irVersion);
  writer.uint32((2 << 3) | 2).string("tag2mask");
  message(writer, 7, (w) => graph.finish(w, name, named));
  for (const [domain, version] of [
    ["", opset],
    ["com.microsoft", 1],
  ] as const) {
    message(writer, 8, (w) =>
      w
        .uint32((1 << 3) | 2)
        .string(domain)
        .uint32((2 << 3) | 0)
        .int64(version),
    );
  }
  for (const [key, value] of Object.entries(metadata)) {
    message(writer, 14, (w) =>
      w
        .uint32((1 << 3) | 2)
        .string(key)
        .uint32((2 << 3) | 2)
        .string(value),
    );
  }
  return writer.finish() as Uint8Array<ArrayBuffer>;
}

/** Names of the inputs that a graph reads, in the order met. */
export function inputNames(outputs: readonly Tensor[]): string[] {
  const graph = new GraphWriter({});
  outputs.forEach((tensor, i) => graph.output(`output${i}`, tensor));
  return [...graph.inputs.keys()];
}

class GraphWriter {
  readonly inputs = new Map<string, Tensor>();
  private readonly names = new Map<Tensor, string>();
  private readonly constants = new Map<string, { name: string; value: NdArray }>();
  private readonly order: Node[] = [];
  private readonly seen = new Set<Node>();

  constructor(private readonly initializers: Readonly<Record<string, NdArray>>) {}

  /** Adds what an output needs; an Identity gives it its public name. */
  output(name: string, tensor: Tensor): { name: string; from: string; tensor: Tensor } {
    this.visit(resolve(tensor));
    return { name, from: this.nameOf(tensor), tensor };
  }

  finish(
    w: BinaryWriter,
    name: string,
    outputs: { name: string; from: string; tensor: Tensor }[],
  ): void {
    for (const made of this.order) message(w, 1, (n) => this.writeNode(n, made));
    for (const { name: output, from } of outputs) {
      if (this.inputs.has(output))
        throw new Error(`onnx: ${output} is an input and an output; give each its own name`);
      message(w, 1, (n) =>
        n
          .uint32((1 << 3) | 2)
          .string(from)
          .uint32((2 << 3) | 2)
          .string(output)
          .uint32((4 << 3) | 2)
          .string("Identity"),
      );
    }
    w.uint32((2 << 3) | 2).string(name);
    for (const { name: constant, value } of this.constants.values())
      message(w, 5, (t) => writeTensor(t, constant, value));
    for (const [input, tensor] of this.inputs) {
      const value = this.initializers[input];
      if (value) checkInitializer(input, value, tensor);
      if (value) message(w, 5, (t) => writeTensor(t, input, value));
      else message(w, 11, (v) => writeValueInfo(v, input, tensor));
    }
    for (const { name: output, tensor } of outputs)
      message(w, 12, (v) => writeValueInfo(v, output, tensor));
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
        throw new Error(`onnx: two inputs are called ${name}; give each its own name`);
      this.inputs.set(name, t);
    } else if (t.source.kind === "constant") {
      name = this.constantName(t.source.value);
    } else {
      name = `/t${this.names.size}`; // the slash keeps it apart from names of inputs
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

  /** Depth-first without recursion: gradient graphs are thousands of nodes deep. */
  private visit(root: Tensor): void {
    const stack: { made: Node; next: number }[] = [];
    const push = (tensor: Tensor | null): void => {
      if (!tensor) return;
      const t = resolve(tensor);
      if (t.source.kind !== "node") this.nameOf(t);
      else if (!this.seen.has(t.source.node)) {
        this.seen.add(t.source.node);
        stack.push({ made: t.source.node, next: 0 });
      }
    };
    push(root);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (top.next < top.made.inputs.length) push(top.made.inputs[top.next++]!);
      else this.order.push(stack.pop()!.made);
    }
  }

  private writeNode(w: BinaryWriter, made: Node): void {
    for (const t of made.inputs) w.uint32((1 << 3) | 2).string(t ? this.nameOf(t) : "");
    for (const t of made.outputs) w.uint32((2 << 3) | 2).string(this.nameOf(t));
    w.uint32((4 << 3) | 2).string(made.operator!);
    for (const [key, value] of Object.entries(made.attributes))
      message(w, 5, (a) => writeAttribute(a, key, value));
    if (made.domain) w.uint32((7 << 3) | 2).string(made.domain);
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
    `onnx: initializer ${name} is ${dtype} [${shape}], the input is ${tensor.dtype} [${tensor.shape}]`,
  );
}

function message(w: BinaryWriter, field: number, write: (w: BinaryWriter) => void): void {
  w.uint32((field << 3) | 2).fork();
  write(w);
  w.join();
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

function writeTensor(w: BinaryWriter, name: string, { dtype, shape, data }: NdArray): void {
  if (shape.length > 0) message(w, 1, (dims) => shape.forEach((dim) => dims.int64(dim)));
  w.uint32((2 << 3) | 0).int32(onnxType[dtype]);
  w.uint32((8 << 3) | 2).string(name);
  w.uint32((9 << 3) | 2).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValueInfo(w: BinaryWriter, name: string, tensor: Tensor): void {
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
}
