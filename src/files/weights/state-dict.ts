import { listNames } from "../text/list-names.ts";
import { UserError } from "../../user-error.ts";
import { OpaqueValue } from "./pickle.ts";
import { printable } from "./pickle-globals.ts";
import { type TorchPickle, TorchTensor } from "./torch-pickle.ts";

/** Usual keys of the weights in a checkpoint, the likeliest first. */
const wrappers = [
  "state_dict",
  "model",
  "model_state_dict",
  "state_dict_ema",
  "model_ema",
  "ema",
  "module",
  "net",
  "network",
  "weights",
  "params",
];

const maxTensors = 100_000;
/** Largest length of a name, in characters: it is joined from many keys, each of which may be as long as the file. */
const longestName = 1000;

/** The tensors of a file by name, and notes on the rest of its content. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly notes: readonly string[];
}

/**
 * Finds the state_dict in the value of a PyTorch file, however deeply it is wrapped. Objects that are no plain data are
 * named in the notes where they stand beside the weights; where they are weights, or hold the only ones, they are refused.
 * @param root a value without circles
 */
export function findStateDict(root: unknown, pickle: TorchPickle): StateDict {
  const { source } = pickle.options;
  const notes: string[] = [];
  let value = root;
  for (;;) {
    const wrapper = unwrap(value);
    if (!wrapper) break;
    const [key, others] = wrapper;
    const ignored = others.length > 0 ? `, ignores ${others.map(quote).join(", ")}` : "";
    notes.push(`reads ${quote(key)}${ignored}`);
    value = (value as Map<unknown, unknown>).get(key);
  }
  const tensors = new Map<string, TorchTensor>();
  collect(value, "", tensors, pickle, new Set());
  const unopened = findOpaque(root);
  if (tensors.size === 0) {
    for (const object of unopened.values()) throw pickle.refused(object);
    throw new UserError(
      `${source}: holds no tensors; give a file that torch.save(model.state_dict(), file) wrote`,
    );
  }
  const names = [...unopened].map(([name, { global }]) => `${quote(name)} (${printable(global)})`);
  if (names.length > 0) {
    notes.push(`leaves unopened what is not plain data: ${listNames(names)}`);
  }
  return { tensors, notes };
}

/** Most values that are looked through for objects to name. */
const mostNamed = 10_000;

/** Objects that are not plain data by the keys that lead to them, of a value without circles. */
function findOpaque(root: unknown): Map<string, OpaqueValue> {
  const objects = new Map<string, OpaqueValue>();
  const visited = new Set<unknown>();
  const visit = (value: unknown, name: string): void => {
    if (value instanceof OpaqueValue) objects.set(name, value);
    if (!(value instanceof Map || Array.isArray(value)) || visited.has(value)) return;
    visited.add(value);
    let rest = mostNamed;
    for (const [key, child] of value.entries() as Iterable<[unknown, unknown]>) {
      if (visited.size >= mostNamed || rest-- === 0) return;
      if (typeof child === "object")
        visit(child, `${name === "" ? "" : `${name}.`}${String(key).slice(0, 60)}`);
    }
  };
  visit(root, "");
  return objects;
}

/**
 * Whether an object that is no plain data is, or holds, a tensor.
 * @param visited values that hold none, to which those looked at are added
 */
function holdsTensor({ global, content }: OpaqueValue, visited: Set<unknown>): boolean {
  if (/^torch\.(_utils\._rebuild|_tensor\.|nn\.)/.test(global)) return true;
  const queue: unknown[] = [content];
  while (queue.length > 0) {
    const value = queue.pop();
    if (value instanceof TorchTensor) return true;
    if (visited.has(value)) continue;
    visited.add(value);
    if (value instanceof OpaqueValue) queue.push(value.content);
    else if (value instanceof Map) for (const child of value.values()) queue.push(child);
    else if (Array.isArray(value)) for (const child of value) queue.push(child);
  }
  return false;
}

/** The key that leads to the tensors, and the other keys; undefined if the value is not a wrapper. */
function unwrap(value: unknown): [key: string, others: unknown[]] | undefined {
  if (!(value instanceof Map)) return undefined;
  const key = wrappers.find((name) => {
    const inner: unknown = value.get(name);
    return inner instanceof Map && inner.size > 0 && [...inner.values()].some(mayLeadToTensors);
  });
  return key === undefined ? undefined : [key, [...value.keys()].filter((name) => name !== key)];
}

function mayLeadToTensors(value: unknown): boolean {
  return value instanceof TorchTensor || value instanceof Map;
}

/** Adds the tensors below a value, named by the keys that lead to them. */
function collect(
  value: unknown,
  name: string,
  tensors: Map<string, TorchTensor>,
  pickle: TorchPickle,
  searched: Set<unknown>,
): void {
  const { source } = pickle.options;
  if (value instanceof OpaqueValue && holdsTensor(value, searched)) throw pickle.refused(value);
  if (value instanceof TorchTensor) {
    const key = name === "" ? "tensor" : name;
    if (tensors.has(key)) {
      throw new UserError(`${source}: two of its tensors are called ${quote(key)}; rename one`);
    }
    if (key.length > longestName) {
      throw new UserError(
        `${source}: the name of a tensor has ${key.length} characters, at most ${longestName} are read; ` +
          "give the weights of one network",
      );
    }
    if (tensors.size >= maxTensors) {
      throw new UserError(
        `${source}: holds more than ${maxTensors} tensors; give the weights of one network`,
      );
    }
    tensors.set(key, value);
  } else if (value instanceof Map || Array.isArray(value)) {
    for (const [key, child] of value.entries()) {
      if (typeof key !== "string" && typeof key !== "number") continue;
      if (!mayLeadToTensors(child) && !Array.isArray(child) && !(child instanceof OpaqueValue)) {
        continue;
      }
      collect(child, name === "" ? String(key) : `${name}.${key}`, tensors, pickle, searched);
    }
  }
}

function quote(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key.slice(0, 60)) : typeof key;
}
