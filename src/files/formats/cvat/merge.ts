import type { ArchiveReader, WriteStream } from "../../../host/store.ts";
import { UserError } from "../../../user-error.ts";
import { damagedShard } from "../../shards/records.ts";
import { join } from "../../text/path.ts";
import { formatFiles } from "../formats.ts";
import { finishing, pathInShard, type MaskShard, type MergeOptions } from "../merger.ts";
import { imageList, labelMap, labelMapFile, picturesOf } from "./file-text.ts";
import { ZipWriter } from "./zip-writer.ts";

const fileName = formatFiles.cvat!;

/** Most bytes of an entry. */
const entryLimit = 512 * 1024 * 1024;

const encoder = new TextEncoder();

/** Merges archives of CVAT: their pictures as they are, without unpacking the pixels. */
export async function* mergeCvat(options: MergeOptions): AsyncGenerator<void, void> {
  const file = await options.files.writeStream(join(options.folder, fileName));
  yield* finishing(file, copyPictures(options, file));
}

async function* copyPictures(options: MergeOptions, file: WriteStream): AsyncGenerator<void, void> {
  const { classes, shards } = options;
  const zip = new ZipWriter(file);
  let isFinished = false;
  try {
    const maps = [false, true].map((value) => labelMap(classes, value));
    const lists: string[] = [];
    let ignored = false;
    for (const shard of shards) {
      const { list, map } = await copyShard(options, shard, zip);
      if (!maps.includes(map)) {
        const what = `${labelMapFile} of ${fileName} does not have the classes of the job`;
        throw damagedShard(shard.folder, what);
      }
      ignored ||= map === maps[1];
      lists.push(list);
      yield;
    }
    await zip.add(imageList, encoder.encode(lists.join("")));
    await zip.add(labelMapFile, encoder.encode(labelMap(classes, ignored)));
    await zip.finish();
    isFinished = true;
  } finally {
    if (!isFinished) await zip.discard();
  }
}

/** Copies the pictures of a shard; returns its lists of images and of classes. */
async function copyShard(
  options: MergeOptions,
  shard: MaskShard,
  zip: ZipWriter,
): Promise<{ readonly list: string; readonly map: string }> {
  const archive = await options.store.openArchive(pathInShard(options, shard, fileName));
  try {
    const list = await readText(archive, shard, imageList);
    const map = await readText(archive, shard, labelMapFile);
    const names = list.split("\n").slice(0, -1);
    // Two pictures of each image, and the two lists.
    const expected = 2 * shard.images + 2;
    if (names.length !== shard.images || archive.names.length !== expected) {
      const what = `${fileName} has ${archive.names.length} files, expected ${expected}`;
      throw damagedShard(shard.folder, what);
    }
    for (const picture of names.flatMap(picturesOf)) {
      await zip.add(picture, await read(archive, shard, picture));
    }
    return { list, map };
  } finally {
    await archive.close();
  }
}

async function read(archive: ArchiveReader, { folder }: MaskShard, name: string) {
  try {
    return await archive.read(name.normalize("NFC"), entryLimit);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw damagedShard(folder, `${name} of ${fileName} cannot be read`);
  }
}

async function readText(archive: ArchiveReader, shard: MaskShard, name: string): Promise<string> {
  return new TextDecoder().decode(await read(archive, shard, name));
}
