import { UserError } from "../../user-error.ts";
import { TorchTensor } from "./torch-pickle.ts";

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
 * Finds the state_dict in the value of a PyTorch file, however deeply it is wrapped.
 * @param root a value without circles
 */
export function findStateDict(root: unknown, source: string): StateDict {
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
  collect(value, "", tensors, source);
  if (tensors.size === 0) {
    throw new UserError(
      `${source}: holds no tensors; give a file that torch.save(model.state_dict(), file) wrote`,
    );
  }
  return { tensors, notes };
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
  source: string,
): void {
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
      if (!mayLeadToTensors(child) && !Array.isArray(child)) continue;
      collect(child, name === "" ? String(key) : `${name}.${key}`, tensors, source);
    }
  }
}

function quote(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key.slice(0, 60)) : typeof key;
}
