import { UserError } from "../../user-error.ts";
import { widenFloat16 } from "./half.ts";
import { readPickle, type PickleFunction } from "./pickle.ts";
import { decodeLatin1 } from "./text.ts";

/** Most bytes of a header, which is one line of text. */
const headerLimit = 65536;

const damagedAdvice = "the file is damaged, fetch or write it again";

type Numbers = (view: DataView, count: number, little: boolean) => ArrayLike<number>;

/** Readers of the numeric element types, by NumPy's letter and number of bytes. */
const readers: ReadonlyMap<string, readonly [bytes: number, read: Numbers]> = new Map([
  ["b1", [1, each((view, at) => Number(view.getUint8(at) !== 0), 1)]],
  ["u1", [1, each((view, at) => view.getUint8(at), 1)]],
  ["i1", [1, each((view, at) => view.getInt8(at), 1)]],
  ["u2", [2, each((view, at, little) => view.getUint16(at, little), 2)]],
  ["i2", [2, each((view, at, little) => view.getInt16(at, little), 2)]],
  ["u4", [4, each((view, at, little) => view.getUint32(at, little), 4)]],
  ["i4", [4, each((view, at, little) => view.getInt32(at, little), 4)]],
  ["u8", [8, each((view, at, little) => Number(view.getBigUint64(at, little)), 8)]],
  ["i8", [8, each((view, at, little) => Number(view.getBigInt64(at, little)), 8)]],
  ["f2", [2, halves]],
  ["f4", [4, each((view, at, little) => view.getFloat32(at, little), 4)]],
  ["f8", [8, each((view, at, little) => view.getFloat64(at, little), 8)]],
]);

function each(
  read: (view: DataView, at: number, little: boolean) => number,
  bytes: number,
): Numbers {
  return (view, count, little) =>
    Float64Array.from({ length: count }, (_, i) => read(view, i * bytes, little));
}

function halves(view: DataView, count: number, little: boolean): ArrayLike<number> {
  return widenFloat16(Uint16Array.from({ length: count }, (_, i) => view.getUint16(i * 2, little)));
}

/** Element type of an array: its `code` is as in `readers`, U11 or S11 for texts, or O for Python objects. */
interface ElementType {
  readonly code: string;
  readonly little: boolean;
}

/** An array of a .npy file or of a pickle in one; its numbers are decoded on demand. */
export class NpyArray {
  constructor(
    readonly shape: readonly number[],
    private readonly type: ElementType,
    /** Raw bytes, or the elements of an array of objects; in C order unless `fortran`. */
    private readonly content: Uint8Array | readonly unknown[],
    private readonly fortran: boolean,
    private readonly source: string,
  ) {
    const count = shape.reduce((product, side) => product * side, 1);
    const bytes = elementBytes(type.code);
    const [available, needed, unit] =
      bytes === undefined
        ? [content.length, count, "objects"]
        : [content.length, count * bytes, "bytes"];
    if (bytes === undefined ? !Array.isArray(content) : !(content instanceof Uint8Array)) {
      throw new UserError(
        `${source}: the content of an array of type ${type.code} is not ${unit}; ${damagedAdvice}`,
      );
    }
    if (available !== needed) {
      throw new UserError(
        `${source}: an array [${shape.join(", ")}] of type ${type.code} has ${available} ${unit}, ` +
          `expected ${needed}; ${damagedAdvice}`,
      );
    }
  }

  /** All numbers in C order (last axis fastest); a UserError for texts and objects. */
  numbers(): ArrayLike<number> {
    const reader = readers.get(this.type.code);
    const { content } = this;
    if (!reader || !(content instanceof Uint8Array)) {
      throw new UserError(
        `${this.source}: an array of type ${this.type.code} where numbers are expected; convert it to a numeric type`,
      );
    }
    const [bytes, read] = reader;
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const values = read(view, content.length / bytes, this.type.little);
    return this.fortran && this.shape.length > 1 ? transposed(values, this.shape) : values;
  }

  /** The text of a 0-d array of text, such as a `numpy.str_`; undefined for any other. */
  text(): string | undefined {
    const { content, type } = this;
    if (this.shape.length > 0 || !(content instanceof Uint8Array)) return undefined;
    if (type.code.startsWith("S")) {
      return decodeLatin1(content).replace(/\0+$/, "");
    }
    if (!type.code.startsWith("U")) return undefined;
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    let text = "";
    for (let at = 0; at < content.length; at += 4) {
      const code = view.getUint32(at, type.little);
      text += String.fromCodePoint(Math.min(code, 0x10ffff));
    }
    return text.replace(/\0+$/, "");
  }

  /** The only object of an array, as `numpy.load(...).item()` returns it. */
  item(): unknown {
    if (!Array.isArray(this.content) || this.content.length !== 1) {
      throw new UserError(
        `${this.source}: an array [${this.shape.join(", ")}] of type ${this.type.code} where one Python object is ` +
          "expected; save the object itself with numpy.save",
      );
    }
    return (this.content as unknown[])[0];
  }
}

/** Bytes of an element; undefined for Python objects. */
function elementBytes(code: string): number | undefined {
  const letters = /^([US])(\d{1,3})$/.exec(code);
  if (letters) return Number(letters[2]) * (letters[1] === "U" ? 4 : 1);
  return readers.get(code)?.[0];
}

/** Reorders values from Fortran order (first axis fastest) to C order (last axis fastest). */
function transposed(values: ArrayLike<number>, shape: readonly number[]): Float64Array {
  const out = new Float64Array(values.length);
  const index = shape.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    out[index.reduce((at, k, axis) => at * shape[axis]! + k, 0)] = values[i]!;
    for (let axis = 0; axis < shape.length && ++index[axis]! === shape[axis]; axis++) {
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * Reads a .npy file. An array of Python objects is a pickle: only dictionaries, lists, numbers, texts and arrays are
 * read from it, and nothing is executed.
 * @param source the name of the file, for messages
 */
export function readNpy(bytes: Uint8Array, source: string): NpyArray {
  const { type, fortran, shape, start } = readHeader(bytes, source);
  const body = bytes.subarray(start);
  if (type.code !== "O") return new NpyArray(shape, type, body, fortran, source);
  const advice = "get the file from a source you trust, or write tags.csv from it";
  const globals = numpyGlobals(source, body.length);
  const value = readPickle(body, { source, globals, advice });
  return arrayOf(value) ?? new NpyArray([], type, [value], false, source);
}

function readHeader(
  bytes: Uint8Array,
  source: string,
): { type: ElementType; fortran: boolean; shape: number[]; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || decodeLatin1(bytes.subarray(0, 6)) !== "\x93NUMPY") {
    throw new UserError(
      `${source}: not a .npy file: it does not begin with \\x93NUMPY; write it with numpy.save`,
    );
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) {
    throw new UserError(
      `${source}: .npy version ${version}, but only 1 to 3 are read; write it with numpy.save`,
    );
  }
  const [length, at] =
    version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (length > headerLimit || at + length > bytes.length) {
    throw new UserError(
      `${source}: its .npy header claims ${length} bytes (at most ${headerLimit} are read), the file has ` +
        `${bytes.length - at} after it begins; ${damagedAdvice}`,
    );
  }
  const header = decodeLatin1(bytes.subarray(at, at + length));
  const descr = /'descr'\s{0,9}:\s{0,9}'([^']{1,16})'/.exec(header)?.[1];
  const order = /'fortran_order'\s{0,9}:\s{0,9}(True|False)/.exec(header)?.[1];
  const sides = /'shape'\s{0,9}:\s{0,9}\(([\dL, ]{0,400})\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || sides === undefined) {
    throw new UserError(
      `${source}: its .npy header is ${JSON.stringify(header.trim().slice(0, 80))}; expected 'descr', ` +
        "'fortran_order' and 'shape' of a plain array; write it with numpy.save",
    );
  }
  const shape = (sides.match(/\d+/g) ?? []).map(Number);
  return { type: elementType(descr, source), fortran: order === "True", shape, start: at + length };
}

/** An element type as NumPy writes it: `<f4`, `|b1`, `?`, `O8`. */
function elementType(text: string, source: string): ElementType {
  const [, order, name = ""] = /^([<>|=]?)([a-zA-Z?]\d{0,9})$/.exec(text) ?? [];
  const code = name === "?" ? "b1" : /^O8?$/.test(name) ? "O" : name;
  if (code !== "O" && elementBytes(code) === undefined) {
    throw new UserError(
      `${source}: an array of type "${text.slice(0, 40)}"; only numbers, booleans, texts and objects are read; ` +
        "convert it to one of these",
    );
  }
  return { code, little: order !== ">" };
}

/** Element type in a pickle; its byte order follows as a state. */
class PickledType implements ElementType {
  readonly code: string;
  little: boolean;

  constructor(text: unknown, source: string) {
    if (typeof text !== "string") {
      throw new UserError(
        `${source}: a NumPy type in its pickle is named by a value that is not text; ${damagedAdvice}`,
      );
    }
    ({ code: this.code, little: this.little } = elementType(text, source));
  }

  __setstate__(state: unknown): void {
    if (Array.isArray(state)) this.little = state[1] !== ">";
  }
}

/** Result of `_reconstruct`: an empty array that receives its content from the pickled state. */
class PickledArray {
  array: NpyArray | undefined;

  constructor(
    private readonly bytesOf: (text: unknown) => Uint8Array,
    private readonly source: string,
  ) {}

  __setstate__(state: unknown): void {
    const parts: unknown[] = Array.isArray(state) ? state : [];
    // Some versions of NumPy leave the version out.
    const [shape, type, fortran, content] = parts.length === 5 ? parts.slice(1) : parts;
    const raw = typeof content === "string" ? this.bytesOf(content) : content;
    this.array = checkedArray(
      { shape, type, fortran: fortran === true, content: raw },
      this.source,
    );
  }
}

/** An array of the parts that a pickle names, which may be anything. */
function checkedArray(
  parts: { shape: unknown; type: unknown; fortran: boolean; content: unknown },
  source: string,
): NpyArray {
  const { shape, type, fortran, content } = parts;
  const isShape = Array.isArray(shape) && shape.length <= 32 && shape.every(isSide);
  const isContent = content instanceof Uint8Array || Array.isArray(content);
  if (!isShape || !(type instanceof PickledType) || !isContent) {
    throw new UserError(
      `${source}: an array in its pickle lacks a valid shape, type or content; ${damagedAdvice}`,
    );
  }
  const { code, little } = type;
  return new NpyArray(shape, { code, little }, content as Uint8Array, fortran, source);
}

function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * The globals that a pickle of NumPy arrays may call.
 * @param size bytes of the pickle
 */
function numpyGlobals(source: string, size: number): ReadonlyMap<string, PickleFunction> {
  let encoded = 0;
  // Python 2 stores bytes as text of one character a byte; a pickle can encode the same text any number of times.
  const bytesOf = (text: unknown): Uint8Array => {
    if (typeof text !== "string") {
      throw new UserError(
        `${source}: its pickle encodes a value that is not text; ${damagedAdvice}`,
      );
    }
    encoded += text.length;
    if (encoded > 2 * size) {
      throw new UserError(
        `${source}: its pickle of ${size} bytes unfolds to more than ${2 * size}; ${damagedAdvice}`,
      );
    }
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  };
  const refuse = (): never => {
    throw new UserError(
      `${source}: its pickle calls numpy.ndarray as a function; ${damagedAdvice}`,
    );
  };
  const globals = new Map<string, PickleFunction>([
    ["numpy.ndarray", refuse],
    ["numpy.dtype", (text) => new PickledType(text, source)],
    ["_codecs.encode", bytesOf],
    ["collections.OrderedDict", () => new Map()],
  ]);
  for (const core of ["numpy.core", "numpy._core"]) {
    globals.set(`${core}.multiarray._reconstruct`, () => new PickledArray(bytesOf, source));
    globals.set(`${core}.multiarray.scalar`, (type, value) => {
      const content = typeof value === "string" ? bytesOf(value) : value;
      return checkedArray({ shape: [], type, fortran: false, content }, source);
    });
    globals.set(`${core}.numeric._frombuffer`, (content, type, shape, order) =>
      checkedArray({ shape, type, fortran: order === "F", content }, source),
    );
  }
  return globals;
}

/** A value of a pickle as an array; undefined for any other value. */
export function arrayOf(value: unknown): NpyArray | undefined {
  if (value instanceof NpyArray) return value;
  return value instanceof PickledArray ? value.array : undefined;
}
