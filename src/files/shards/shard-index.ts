import { formatFiles, type MaskFormat } from "../formats/formats.ts";
import type { MaskShard } from "../formats/merger.ts";
import type { FileTransaction } from "../formats/transaction.ts";
import type { Store } from "../../host/store.ts";
import { join, relative } from "../text/path.ts";
import { formatFolder } from "./shard-files.ts";

/** The list of the files of shards that are too many images for one file. */
export const shardIndexName = "shards.json";

/** Formats whose one file holds all images. */
export function formatsOfOneFile(formats: readonly MaskFormat[]): MaskFormat[] {
  return formats.filter((format) => formatFiles[format] !== undefined);
}

/** Writes `shards.json`: the files of some formats in each shard, a shard a line; returns its path. */
export async function writeShardIndex(
  store: Store,
  out: string,
  shards: readonly MaskShard[],
  { formats, of }: { readonly formats: readonly MaskFormat[]; readonly of: readonly MaskFormat[] },
  files: FileTransaction,
): Promise<string> {
  const path = join(out, shardIndexName);
  const index = await files.writeStream(path);
  try {
    await index.write('{"version":1,"shards":[');
    for (const [i, { folder, images }] of shards.entries()) {
      const listed = [];
      for (const format of formats) {
        const file = join(folder, formatFolder(of, format), formatFiles[format]!);
        const size = (await store.stat(file))?.size ?? 0;
        listed.push({ format, path: relative(out, file), size });
      }
      await index.write(`${i === 0 ? "" : ","}\n${JSON.stringify({ images, files: listed })}`);
    }
    await index.write("\n]}\n");
    await index.finish();
  } catch (error) {
    await index.discard();
    throw error;
  }
  return path;
}
