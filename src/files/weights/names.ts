import { UserError } from "../../user-error.ts";
import { joinBytes } from "../text/pieces.ts";
import type { StoredTensor } from "./weights-file.ts";

/** Project whose tensor names a file uses. */
export type Naming = "AFA" | "SegFormer" | "Hugging Face" | "timm" | "mmsegmentation";

/** The tensors of a file under the published names of AFA. */
export interface NamedWeights {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Undefined for a file of another kind of network, whose names stay as they are. */
  readonly naming: Naming | undefined;
  /** Tensors that the network has no use for, and why. */
  readonly dropped: readonly { readonly name: string; readonly reason: string }[];
}

type Rule = readonly [pattern: RegExp, name: (...parts: string[]) => string];

const next = (stage: string): string => String(Number(stage) + 1);

// Beginnings of names after the encoder's prefix in Hugging Face's SegFormer, timm's PVTv2, and the encoders of
// mmsegmentation and mmdetection, and the published ones. PVTv2's own names are the published ones.
// prettier-ignore
const stageRules: readonly Rule[] = [
  [/^(?:patch_embeddings\.|stages\.(?=\d\.downsample)|layers\.(?=\d\.0\.))(\d)\.(?:downsample\.|0\.)?(.+)$/, (i, rest) => `patch_embed${next(i)}.${rest}`],
  [/^patch_embed\.(.+)$/, (rest) => `patch_embed1.${rest}`],
  [/^(?:layer_norm\.|stages\.|layers\.)(\d)\.(?:norm\.|2\.)?(weight|bias)$/, (i, rest) => `norm${next(i)}.${rest}`],
  [/^(?:block|stages|layers)\.(\d)\.(?:blocks\.|1\.(?=\d+\.[a-z]))?(\d+)\.(.+)$/, (i, j, rest) => `block${next(i)}.${j}.${rest}`],
];

// Modules of a stage, and the published names.
const modules: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\.attention\.self\.query\./, ".attn.q."],
  [/\.attention\.self\.key\./, ".attn.k."],
  [/\.attention\.self\.value\./, ".attn.v."],
  [/\.attention\.self\.sr\./, ".attn.sr."],
  [/\.attention\.self\.layer_norm\./, ".attn.norm."],
  [/\.attention\.output\.dense\./, ".attn.proj."],
  [/\.attn\.attn\.in_proj_/, ".attn.qkv."],
  [/\.attn\.attn\.out_proj\./, ".attn.proj."],
  [/\.mlp\.dense([12])\./, ".mlp.fc$1."],
  [/\.mlp\.dwconv\.(?!dwconv)/, ".mlp.dwconv.dwconv."],
  [/\.ffn\.layers\.0\./, ".mlp.fc1."],
  [/\.ffn\.layers\.1\./, ".mlp.dwconv.dwconv."],
  [/\.ffn\.layers\.4\./, ".mlp.fc2."],
  [/\.projection\./, ".proj."],
  [/\.layer_norm(?:_([12]))?\./, ".norm$1."],
];

// Names after the network's prefix in SegFormer's own decoder and Hugging Face's, and the published ones.
// prettier-ignore
const headRules: readonly Rule[] = [
  [/^decode_head\.(linear_c[1-4]\.proj|linear_fuse\.conv|linear_fuse\.bn|linear_pred)\.(.+)$/, (module, rest) => `decoder.${module}.${rest}`],
  [/^decode_head\.linear_c\.(\d)\.proj\.(.+)$/, (i, rest) => `decoder.linear_c${next(i)}.proj.${rest}`],
  [/^decode_head\.linear_fuse\.(weight|bias)$/, (rest) => `decoder.linear_fuse.conv.${rest}`],
  [/^decode_head\.batch_norm\.(.+)$/, (rest) => `decoder.linear_fuse.bn.${rest}`],
  [/^decode_head\.classifier\.(.+)$/, (rest) => `decoder.linear_pred.${rest}`],
];

const native = /^(patch_embed|block|norm)[1-4]\./;

/** A tensor that every encoder has, after its prefix, by the project whose names it bears; other networks lack it. */
const anchors: readonly (readonly [pattern: RegExp, naming: Naming])[] = [
  [/^(.*?)patch_embed1\.proj\.weight$/s, "SegFormer"],
  [/^(.*?)patch_embeddings\.0\.proj\.weight$/s, "Hugging Face"],
  [/^(.*?)stages\.1\.downsample\.proj\.weight$/s, "timm"],
  [/^(.*?)layers\.0\.0\.projection\.weight$/s, "mmsegmentation"],
];

/**
 * Renames tensors from the names of AFA, SegFormer, PVTv2, Hugging Face, timm or mmsegmentation to the published names of
 * AFA. Strips any common prefix (`module.`, `backbone.`, `segformer.encoder.`), joins separate keys and values, parts
 * stacked queries from them, and drops the classifier of ImageNet.
 */
export function nameAsPublished(tensors: readonly StoredTensor[], file: string): NamedWeights {
  const found = tensors.flatMap(({ name }) =>
    anchors.flatMap(([pattern, naming]) => {
      const prefix = pattern.exec(name)?.[1];
      return prefix === undefined ? [] : [{ prefix, naming }];
    }),
  );
  const [anchor] = found.sort((a, b) => a.prefix.length - b.prefix.length);
  if (anchor === undefined) {
    return {
      tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      naming: undefined,
      dropped: [],
    };
  }
  const { prefix: encoder, naming } = anchor;
  const network = encoder.replace(/(segformer\.encoder|encoder|backbone|segformer)\.$/, "");
  const named = new Map<string, StoredTensor>();
  const dropped: { name: string; reason: string }[] = [];
  const originals = new Map<string, string>();
  for (const tensor of tensors) {
    const reason = reasonToDrop(tensor, encoder, network, naming);
    if (reason !== undefined) {
      dropped.push({ name: tensor.name, reason });
      continue;
    }
    const name = publishedName(tensor.name, encoder, network);
    const other = originals.get(name);
    if (other !== undefined) {
      throw new UserError(
        `${file}: its tensors ${other} and ${tensor.name} both stand for ${name} of the network; remove one`,
      );
    }
    originals.set(name, tensor.name);
    named.set(name, { ...tensor, name });
  }
  if (naming === "mmsegmentation") {
    partQueries(named);
    flattenProducts(named);
  }
  joinKeysAndValues(named);
  const isAfa = naming === "SegFormer" && encoder.endsWith("encoder.");
  return { tensors: named, naming: isAfa ? "AFA" : naming, dropped };
}

function publishedName(name: string, encoder: string, network: string): string {
  if (name.startsWith(encoder)) {
    const rest = name.slice(encoder.length);
    const published = native.test(rest) ? rest : rewrite(rest, stageRules);
    if (published !== undefined) return `encoder.${renameModule(published)}`;
  }
  if (!name.startsWith(network)) return name;
  const rest = name.slice(network.length);
  return rewrite(rest, headRules) ?? rest;
}

/** The published name of a module within a stage. */
function renameModule(name: string): string {
  const rule = modules.find(([pattern]) => pattern.test(name));
  return rule === undefined ? name : name.replace(...rule);
}

function rewrite(name: string, rules: readonly Rule[]): string | undefined {
  for (const [pattern, rename] of rules) {
    const match = pattern.exec(name);
    if (match) return rename(...match.slice(1));
  }
  return undefined;
}

/** Reason why the network has no use for a tensor; undefined if it may have one. */
function reasonToDrop(
  { name, shape }: StoredTensor,
  encoder: string,
  network: string,
  naming: Naming,
): string | undefined {
  if (name.startsWith("optimizer.")) return "state of an optimizer";
  const localNames = [encoder, network].map((prefix) =>
    name.startsWith(prefix) ? name.slice(prefix.length) : name,
  );
  const isHead = localNames.some((local) => /^head\.(weight|bias)$/.test(local));
  // Hugging Face's image classifier; AFA's own has four axes.
  const isClassifier = localNames.some((local) => /^classifier\.(weight|bias)$/.test(local));
  if (isHead || (isClassifier && shape.length < 4)) {
    return `classifies whole images into ${shape[0] ?? 0} classes`;
  }
  if (naming === "mmsegmentation" && localNames.some((local) => local.startsWith("decode_head."))) {
    return "of mmsegmentation's decoder, whose layers differ from those of AFA's";
  }
  if (localNames.some((local) => /^decode_head\.conv_seg\./.test(local))) {
    return "unused by SegFormer itself";
  }
  return undefined;
}

/** Parts each `qkv`, whose rows are those of queries, keys and values, into `q` and `kv`. */
function partQueries(tensors: Map<string, StoredTensor>): void {
  for (const [name, { element, shape, read }] of [...tensors]) {
    const [, prefix, kind] = /^(encoder\..*\.attn\.)qkv\.(weight|bias)$/.exec(name) ?? [];
    const [rows, ...rest] = shape;
    if (prefix === undefined || kind === undefined || rows === undefined || rows % 3 > 0) continue;
    tensors.delete(name);
    const part = (module: string, count: number, cut: (bytes: Uint8Array) => Uint8Array): void => {
      const partName = `${prefix}${module}.${kind}`;
      const readPart = async (): Promise<Uint8Array> => cut(await read());
      tensors.set(partName, { name: partName, element, shape: [count, ...rest], read: readPart });
    };
    part("q", rows / 3, (bytes) => bytes.subarray(0, bytes.length / 3));
    part("kv", (2 * rows) / 3, (bytes) => bytes.subarray(bytes.length / 3));
  }
}

/** Drops the last two axes, of length 1, of matrices that are stored as 1×1 convolutions. */
function flattenProducts(tensors: Map<string, StoredTensor>): void {
  for (const [name, tensor] of tensors) {
    const [rows, columns, ...kernel] = tensor.shape;
    if (!/\.mlp\.fc[12]\.weight$/.test(name) || String(kernel) !== "1,1") continue;
    tensors.set(name, { ...tensor, shape: [rows!, columns!] });
  }
}

/** Joins each `k` and its `v` into one `kv`, the keys first. */
function joinKeysAndValues(tensors: Map<string, StoredTensor>): void {
  for (const [name, key] of [...tensors]) {
    const [, prefix, kind] = /^(encoder\..*\.attn\.)k\.(weight|bias)$/.exec(name) ?? [];
    if (prefix === undefined || kind === undefined) continue;
    const value = tensors.get(`${prefix}v.${kind}`);
    const joined = `${prefix}kv.${kind}`;
    const isPair = String(value?.shape) === String(key.shape) && value?.element === key.element;
    if (!value || !isPair || key.shape.length === 0 || tensors.has(joined)) continue;
    tensors.delete(name);
    tensors.delete(value.name);
    tensors.set(joined, {
      name: joined,
      element: key.element,
      shape: [2 * key.shape[0]!, ...key.shape.slice(1)],
      read: async () => joinBytes([await key.read()], await value.read()),
    });
  }
}
