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

/** The tensors of a file by name, and what was passed over to get to them. */
export interface StateDict {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly notes: readonly string[];
}

/** Finds the state_dict in what a PyTorch file holds, however deep it is wrapped. @param root free of circles */
export function findStateDict(root: unknown, source: string): StateDict {
  const notes: string[] = [];
  let value = root;
  for (;;) {
    const inner = unwrap(value);
    if (!inner) break;
    const [key, others] = inner;
    const rest = others.length > 0 ? `, leaves ${others.map(quote).join(", ")} aside` : "";
    notes.push(`reads ${quote(key)}${rest}`);
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

/** The key to go on with, and the other keys. */
function unwrap(value: unknown): [key: string, others: unknown[]] | undefined {
  if (!(value instanceof Map)) return undefined;
  const key = wrappers.find((name) => {
    const inner: unknown = value.get(name);
    return inner instanceof Map && inner.size > 0 && [...inner.values()].some(leadsOn);
  });
  return key === undefined ? undefined : [key, [...value.keys()].filter((name) => name !== key)];
}

function leadsOn(value: unknown): boolean {
  return value instanceof TorchTensor || value instanceof Map;
}

function collect(
  value: unknown,
  name: string,
  into: Map<string, TorchTensor>,
  source: string,
): void {
  if (value instanceof TorchTensor) {
    const key = name === "" ? "tensor" : name;
    if (into.has(key)) {
      throw new UserError(`${source}: two of its tensors are called ${quote(key)}; rename one`);
    }
    if (key.length > longestName) {
      throw new UserError(
        `${source}: a name of a tensor has ${key.length} characters, at most ${longestName} are read; ` +
          "give the weights of one network",
      );
    }
    if (into.size >= maxTensors) {
      throw new UserError(
        `${source}: holds more than ${maxTensors} tensors; give the weights of one network`,
      );
    }
    into.set(key, value);
  } else if (value instanceof Map || Array.isArray(value)) {
    for (const [key, child] of value.entries()) {
      if (typeof key !== "string" && typeof key !== "number") continue;
      if (!leadsOn(child) && !Array.isArray(child)) continue;
      collect(child, name === "" ? String(key) : `${name}.${key}`, into, source);
    }
  }
}

function quote(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key.slice(0, 60)) : typeof key;
}
