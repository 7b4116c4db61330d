import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { MaskFolderOptions } from "../files/formats/mask-folder.ts";
import type { JobSettings } from "../files/formats/journal.ts";
import type { Store } from "../host/store.ts";

/** Items of a job as settings: their number, and a digest of their names and facts in their order. */
export function itemsSetting(items: Iterable<unknown>): string {
  const digest = sha256.create();
  let count = 0;
  for (const item of items) {
    digest.update(new TextEncoder().encode(`${JSON.stringify(item)}\n`));
    count++;
  }
  return `${count} (${bytesToHex(digest.digest()).slice(0, 12)})`;
}

/** Settings of a job that writes masks, by the names of its options; what is not set is left out. */
export function settingsOf(
  job: string,
  values: Readonly<Record<string, unknown>>,
  items: readonly unknown[],
): JobSettings {
  return withoutMissing({ job, ...values, images: itemsSetting(items) });
}

/** The settings that are set. */
export function withoutMissing(values: Readonly<Record<string, unknown>>): JobSettings {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** A file as a setting that is the same wherever it lies: a digest of its content. */
export async function contentSetting(store: Store, path: string): Promise<string> {
  const digest = sha256.create();
  for await (const piece of store.pieces(path, 1 << 20)) digest.update(piece);
  return `SHA-256 ${bytesToHex(digest.digest())}`;
}

/** A file or folder as a setting: its path, size and time of change, since other content gives other masks. */
export async function fileSetting(store: Store, path: string): Promise<string> {
  const info = await store.stat(path);
  const facts = info ? `, ${info.size} bytes of ${new Date(info.modified).toISOString()}` : "";
  return `${store.absolute(path)}${facts}`;
}

/**
 * Settings of the masks of a model that all jobs share.
 * @param modelSetting the model as a setting
 */
export async function maskSettings(
  store: Store,
  job: MaskFolderOptions & {
    readonly scales?: readonly number[];
    readonly flip?: boolean;
    readonly longSide?: number;
  },
  model: { readonly model: string; readonly device: string; readonly classes: readonly string[] },
  modelSetting = fileSetting,
): Promise<Readonly<Record<string, unknown>>> {
  const { scales, flip = false, longSide, format = ["voc"], overlays = true, sheet = true } = job;
  const { instances = "regions", imageUrl, shapes = "rle", layout = "masks" } = job;
  return {
    model: await modelSetting(store, model.model),
    device: model.device,
    classes: model.classes,
    ...{ scales, flip, longSide, format, instances, imageUrl, shapes, layout, overlays, sheet },
  };
}
