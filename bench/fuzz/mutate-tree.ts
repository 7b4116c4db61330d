import { parse, stringify } from "yaml";
import type { Random } from "../../src/engine/random.ts";
import { pick } from "./mutate-bytes.ts";
import { depths, numbers, texts } from "./values.ts";

type Tree = Record<string, unknown> | unknown[];

/** Marks of text that is to stand in the file as it is, without quotes. */
const raw = (text: string): string => `@@raw ${text}@@`;
const unquoted = (text: string): string =>
  text.replace(/["']@@raw ([^@]*)@@["']/g, (_, inner: string) => inner.replaceAll("\\", ""));

/** A JSON text with one of its values changed; other texts as they are. */
export function mutateJson(bytes: Uint8Array, random: Random): Uint8Array {
  return withTree(bytes, random, JSON.parse, JSON.stringify);
}

/** A text of one JSON value a line with one of them changed, or with its lines in another order. */
export function mutateJsonLines(bytes: Uint8Array, random: Random): Uint8Array {
  const lines = Buffer.from(bytes).toString().split("\n");
  const at = random.int(lines.length);
  const line = mutateJson(Buffer.from(lines[at]!), random);
  lines[at] = Buffer.from(line).toString();
  return Buffer.from((random.chance(0.2) ? random.shuffle(lines) : lines).join("\n"));
}

/** A YAML text with one of its values changed; other texts as they are. */
export function mutateYaml(bytes: Uint8Array, random: Random): Uint8Array {
  return withTree(
    bytes,
    random,
    (text) => parse(text, { logLevel: "silent" }) as unknown,
    (value) => stringify(value, { lineWidth: 0 }),
  );
}

function withTree(
  bytes: Uint8Array,
  random: Random,
  read: (text: string) => unknown,
  write: (value: unknown) => string,
): Uint8Array {
  let root: unknown;
  try {
    root = read(Buffer.from(bytes).toString());
  } catch {
    return bytes;
  }
  const holder: Tree = { root };
  changeOne(holder, random);
  try {
    return Buffer.from(unquoted(write(holder["root"]) ?? ""));
  } catch (error) {
    // Too deep to be written a second time.
    if (error instanceof RangeError) return bytes;
    throw error;
  }
}

/** Changes one place of a tree: every place below the holder is as likely as any other. */
function changeOne(holder: Tree, random: Random): void {
  const places: { in: Tree; key: string }[] = [];
  // Deep trees are walked without recursion.
  const trees: Tree[] = [holder];
  for (let tree = trees.pop(); tree !== undefined && places.length < 50_000; tree = trees.pop()) {
    for (const key of Object.keys(tree)) {
      places.push({ in: tree, key });
      const value = (tree as Record<string, unknown>)[key];
      if (typeof value === "object" && value !== null) trees.push(value as Tree);
    }
  }
  const place = pick(random, places);
  const owner = place.in as Record<string, unknown>;
  const { key } = place;
  switch (random.int(6)) {
    case 0:
      if (Array.isArray(place.in)) place.in.splice(Number(key), 1);
      else Reflect.deleteProperty(owner, key);
      return;
    case 1:
      // Under another name, or twice.
      if (Array.isArray(place.in))
        place.in.push(...Array<unknown>(1 + random.int(50)).fill(owner[key]));
      else
        Object.defineProperty(owner, pick(random, texts), { value: owner[key], enumerable: true });
      return;
    case 2:
      owner[key] = copyOf(valueAt(pick(random, places)));
      return;
    case 3:
      owner[key] = changedNumber(owner[key], random);
      return;
    case 4:
      owner[key] = raw(nested(random));
      return;
    default:
      owner[key] = pick<unknown>(random, [null, true, false, [], {}, [[]], [null], ...texts, ...numbers.map(raw)]); // prettier-ignore
  }
}

function valueAt({ in: tree, key }: { in: Tree; key: string }): unknown {
  return (tree as Record<string, unknown>)[key];
}

/** A copy, so that no tree holds itself; nothing of a tree that is too deep for one. */
function copyOf(value: unknown): unknown {
  try {
    return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as unknown);
  } catch {
    return null;
  }
}

function changedNumber(value: unknown, random: Random): unknown {
  if (typeof value === "number" && random.chance(0.5)) return value + pick(random, [1, -1, 0.5]);
  return raw(pick(random, numbers));
}

function nested(random: Random): string {
  const depth = pick(random, depths);
  return random.chance(0.5)
    ? "[".repeat(depth) + "]".repeat(depth)
    : `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
}
