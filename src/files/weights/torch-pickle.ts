import { sizeOf } from "../../engine/graph/index.ts";
import { UserError } from "../../user-error.ts";
import { elements, type Element, type ElementType } from "./elements.ts";
import { OpaqueValue, refusedGlobal, type PickleFunction, type PickleOptions } from "./pickle.ts";

/** The memory that tensors of a PyTorch file are views of. */
export interface TorchStorage {
  readonly key: string;
  readonly element: Element;
  /** Number of elements. */
  readonly length: number;
}

/** A tensor of a PyTorch file: a strided view of a storage that has not been read. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    /** Position of the first element, in elements. */
    readonly offset: number,
    readonly shape: readonly number[],
    /** Step of each axis, in elements. */
    readonly strides: readonly number[],
  ) {}
}

/** A part of a storage, as old files refer to it. */
class StorageView {
  constructor(
    readonly storage: TorchStorage,
    readonly start: number,
  ) {}
}

const storageTypes: Readonly<Record<string, ElementType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

const maxRank = 64;
/** Most elements of a view that repeats those of its storage. */
const maxRepeated = 2 ** 20;

const advice =
  "save the weights alone, in Python: torch.save(model.state_dict(), file), and give that file";

/** Options to read the pickles of a PyTorch file as tensors and plain data, and the storages that these refer to. */
export class TorchPickle {
  readonly storages = new Map<string, TorchStorage>();
  readonly options: PickleOptions;
  private readonly types = new Map<unknown, ElementType>();

  constructor(private readonly source: string) {
    const globals = new Map<string, PickleFunction>([
      ["collections.OrderedDict", (...args) => orderedDict(args)],
      ["torch.Size", (sizes = []) => sizes],
      ["torch._utils._rebuild_tensor", (...args) => this.tensor(args)],
      ["torch._utils._rebuild_tensor_v2", (...args) => this.tensor(args)],
      ["torch._utils._rebuild_parameter", (data) => parameterOf(data)],
      ["torch._utils._rebuild_parameter_with_state", (data) => parameterOf(data)],
    ]);
    for (const [name, type] of Object.entries(storageTypes)) {
      const storageType: PickleFunction = () => {
        throw new TypeError(`calls torch.${name} as a function`);
      };
      this.types.set(storageType, type);
      globals.set(`torch.${name}`, storageType).set(`torch.cuda.${name}`, storageType);
    }
    this.options = { source, globals, persistent: (id) => this.storage(id), advice, opaque: true };
  }

  /** @param id ("storage", type, key, device, length[, (view key, start, length)]) */
  private storage(id: unknown): StorageView {
    const [kind, type, key, , length, view] = Array.isArray(id) ? (id as unknown[]) : [];
    if (type instanceof OpaqueValue) throw this.refused(type);
    const name = this.types.get(type);
    if (kind !== "storage" || typeof key !== "string" || name === undefined || !isCount(length)) {
      throw this.damaged("it refers to a storage without type, key and length");
    }
    const storage = this.storages.get(key) ?? { key, element: elements[name], length };
    if (storage.element.type !== name || storage.length !== length) {
      throw this.damaged(
        `storage ${JSON.stringify(key.slice(0, 40))} is ${storage.length} ${storage.element.type} in one place ` +
          `and ${length} ${name} in another`,
      );
    }
    this.storages.set(key, storage);
    if (view === null || view === undefined) return new StorageView(storage, 0);
    const [, start, count] = Array.isArray(view) ? (view as unknown[]) : [];
    if (!isCount(start) || !isCount(count) || start + count > length) {
      throw this.damaged(`a view lies beyond the ${length} elements of its storage`);
    }
    return new StorageView(storage, start);
  }

  /** @param args storage, offset, shape, strides, and what only training needs */
  private tensor([view, offset, shape, strides]: unknown[]): TorchTensor {
    if (view instanceof OpaqueValue) throw this.refused(view);
    if (!(view instanceof StorageView)) throw this.damaged("a tensor has no storage");
    if (!isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
      throw this.damaged("a tensor has no offset, shape and strides of whole numbers");
    }
    if (shape.length !== strides.length || shape.length > maxRank) {
      throw this.damaged(`a tensor has ${shape.length} axes and ${strides.length} strides`);
    }
    const { storage } = view;
    const start = view.start + offset;
    const count = sizeOf(shape);
    const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, start);
    const end = count === 0 ? start : last + 1;
    // Negated rather than `>`, which NaN would pass: sizes can be so large that their products are not finite.
    if (!(end <= storage.length) || !(count <= Math.max(storage.length, maxRepeated))) {
      throw this.damaged(
        `a tensor of shape [${shape}] and strides [${strides}] from element ${start} ` +
          `does not fit its storage of ${storage.length}`,
      );
    }
    return new TorchTensor(storage, start, [...shape], [...strides]);
  }

  /** The error of an object that is needed for the weights but no plain data. */
  refused({ global }: OpaqueValue): UserError {
    return refusedGlobal(global, this.options);
  }

  damaged(what: string): UserError {
    return new UserError(`${this.source}: ${what}; the file is damaged, fetch or write it again`);
  }
}

/** @param pairs nothing, or one list of keys and values, as Python 2 wrote them */
function orderedDict([pairs = []]: unknown[]): Map<unknown, unknown> {
  if (Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    return new Map(pairs as [unknown, unknown][]);
  }
  throw new TypeError("an ordered dictionary is built from values that are not pairs");
}

function parameterOf(data: unknown): TorchTensor | OpaqueValue {
  if (data instanceof TorchTensor || data instanceof OpaqueValue) return data;
  throw new TypeError("a parameter has no tensor");
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
