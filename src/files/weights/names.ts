import { UserError } from "../../user-error.ts";
import type { StoredTensor } from "./weights-file.ts";

/** Project whose tensor names a file uses. */
export type Naming = "AFA" | "SegFormer" | "Hugging Face";

/** The tensors of a file under the published names of AFA. */
export interface NamedWeights {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Undefined where the file has no Mix Transformer in it: its names are as they were. */
  readonly naming: Naming | undefined;
  /** Tensors left aside on purpose, and why. */
  readonly dropped: readonly { readonly name: string; readonly reason: string }[];
}

type Rule = readonly [pattern: RegExp, name: (...parts: string[]) => string];

const next = (stage: string): string => String(Number(stage) + 1);

// One table for all: what follows the encoder's prefix, as Hugging Face's SegFormer calls it.
// prettier-ignore
const encoderRules: readonly Rule[] = [
  [/^patch_embeddings\.(\d)\.proj\.(.+)$/, (i, rest) => `patch_embed${next(i)}.proj.${rest}`],
  [/^patch_embeddings\.(\d)\.layer_norm\.(.+)$/, (i, rest) => `patch_embed${next(i)}.norm.${rest}`],
  [/^layer_norm\.(\d)\.(.+)$/, (i, rest) => `norm${next(i)}.${rest}`],
  [/^block\.(\d)\.(\d+)\.layer_norm_([12])\.(.+)$/, (i, j, k, rest) => `block${next(i)}.${j}.norm${k}.${rest}`],
  [/^block\.(\d)\.(\d+)\.attention\.self\.query\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.attn.q.${rest}`],
  [/^block\.(\d)\.(\d+)\.attention\.self\.key\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.attn.k.${rest}`],
  [/^block\.(\d)\.(\d+)\.attention\.self\.value\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.attn.v.${rest}`],
  [/^block\.(\d)\.(\d+)\.attention\.self\.sr\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.attn.sr.${rest}`],
  [/^block\.(\d)\.(\d+)\.attention\.self\.layer_norm\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.attn.norm.${rest}`],
  [/^block\.(\d)\.(\d+)\.attention\.output\.dense\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.attn.proj.${rest}`],
  [/^block\.(\d)\.(\d+)\.mlp\.dense([12])\.(.+)$/, (i, j, k, rest) => `block${next(i)}.${j}.mlp.fc${k}.${rest}`],
  [/^block\.(\d)\.(\d+)\.mlp\.dwconv\.dwconv\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.mlp.dwconv.dwconv.${rest}`],
];

// What follows the network's prefix: SegFormer's own decoder and Hugging Face's.
// prettier-ignore
const headRules: readonly Rule[] = [
  [/^decode_head\.(linear_c[1-4]\.proj|linear_fuse\.conv|linear_fuse\.bn|linear_pred)\.(.+)$/, (module, rest) => `decoder.${module}.${rest}`],
  [/^decode_head\.linear_c\.(\d)\.proj\.(.+)$/, (i, rest) => `decoder.linear_c${next(i)}.proj.${rest}`],
  [/^decode_head\.linear_fuse\.(weight|bias)$/, (rest) => `decoder.linear_fuse.conv.${rest}`],
  [/^decode_head\.batch_norm\.(.+)$/, (rest) => `decoder.linear_fuse.bn.${rest}`],
  [/^decode_head\.classifier\.(.+)$/, (rest) => `decoder.linear_pred.${rest}`],
];

const native = /^(patch_embed|block|norm)[1-4]\./;
const firstWeight = /^(.*?)(patch_embed1|patch_embeddings\.0)\.proj\.weight$/s;

/**
 * Renames tensors from the names of AFA, SegFormer or Hugging Face to the published names of AFA. Strips any common prefix
 * (`module.`, `backbone.`, `segformer.encoder.`), joins separate keys and values, and drops the classifier of ImageNet.
 */
export function nameAsPublished(tensors: readonly StoredTensor[], file: string): NamedWeights {
  const anchors = tensors.flatMap(({ name }) => firstWeight.exec(name)?.[1] ?? []);
  const [encoder] = anchors.sort((a, b) => a.length - b.length);
  if (encoder === undefined) {
    return {
      tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      naming: undefined,
      dropped: [],
    };
  }
  const network = encoder.replace(/(segformer\.encoder|encoder|backbone|segformer)\.$/, "");
  const named = new Map<string, StoredTensor>();
  const dropped: { name: string; reason: string }[] = [];
  let foreign = false;
  for (const tensor of tensors) {
    const reason = uselessFor(tensor, encoder, network);
    if (reason !== undefined) {
      dropped.push({ name: tensor.name, reason });
      continue;
    }
    const name = publishedName(tensor.name, encoder, network);
    foreign ||= /patch_embeddings/.test(tensor.name);
    if (named.has(name)) {
      throw new UserError(
        `${file}: two of its tensors stand for the network's ${name}; remove one`,
      );
    }
    named.set(name, { ...tensor, name });
  }
  joinKeysAndValues(named);
  const whole = encoder.endsWith("encoder.") && !foreign;
  return {
    tensors: named,
    naming: foreign ? "Hugging Face" : whole ? "AFA" : "SegFormer",
    dropped,
  };
}

function publishedName(name: string, encoder: string, network: string): string {
  if (name.startsWith(encoder)) {
    const rest = name.slice(encoder.length);
    const known = native.test(rest) ? rest : rewrite(rest, encoderRules);
    if (known !== undefined) return `encoder.${known}`;
  }
  if (!name.startsWith(network)) return name;
  const rest = name.slice(network.length);
  return rewrite(rest, headRules) ?? rest;
}

function rewrite(name: string, rules: readonly Rule[]): string | undefined {
  for (const [pattern, make] of rules) {
    const match = pattern.exec(name);
    if (match) return make(...match.slice(1));
  }
  return undefined;
}

/** Reason why the network does not use a tensor; undefined if it may. */
function uselessFor(
  { name, shape }: StoredTensor,
  encoder: string,
  network: string,
): string | undefined {
  if (name.startsWith("optimizer.")) return "state of an optimizer";
  const rest = [encoder, network].map((prefix) =>
    name.startsWith(prefix) ? name.slice(prefix.length) : name,
  );
  const isHead = rest.some((part) => /^head\.(weight|bias)$/.test(part));
  // Hugging Face's image classifier; AFA's own has four axes.
  const isClassifier = rest.some((part) => /^classifier\.(weight|bias)$/.test(part));
  if (isHead || (isClassifier && shape.length < 4)) {
    return `classifies whole images into ${shape[0] ?? 0} classes`;
  }
  if (rest.some((part) => /^decode_head\.conv_seg\./.test(part)))
    return "unused by SegFormer itself";
  return undefined;
}

/** Joins every `k` and `v` into one `kv`, the keys first. */
function joinKeysAndValues(named: Map<string, StoredTensor>): void {
  for (const [name, key] of [...named]) {
    const [, before, kind] = /^(encoder\..*\.attn\.)k\.(weight|bias)$/.exec(name) ?? [];
    if (before === undefined || kind === undefined) continue;
    const value = named.get(`${before}v.${kind}`);
    const joined = `${before}kv.${kind}`;
    const same = String(value?.shape) === String(key.shape) && value?.element === key.element;
    if (!value || !same || key.shape.length === 0 || named.has(joined)) continue;
    named.delete(name);
    named.delete(value.name);
    named.set(joined, {
      name: joined,
      element: key.element,
      shape: [2 * key.shape[0]!, ...key.shape.slice(1)],
      read: async () => {
        const [first, second] = [await key.read(), await value.read()];
        const bytes = new Uint8Array(first.length + second.length);
        bytes.set(first);
        bytes.set(second, first.length);
        return bytes;
      },
    });
  }
}
