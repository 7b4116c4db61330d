import type { OpenFile, Store, WriteStream } from "../../../host/store.ts";
import { damagedShard } from "../../shards/records.ts";
import { lineBatches, type FilePart } from "../../text/file-lines.ts";
import { join } from "../../text/path.ts";
import { formatFiles } from "../formats.ts";
import {
  bodyOf,
  copyPart,
  finishing,
  pathInShard,
  type MaskShard,
  type MergeOptions,
} from "../merger.ts";
import { cocoHead, cocoMiddle, cocoTail } from "./file-text.ts";

const fileName = formatFiles.coco!;

/** The line behind the annotations. */
const annotationsEnd = "],";

/**
 * Merges COCO files. Their ids of images are those of all images already; those of annotations, which begin with 1 in each
 * file, are numbered anew. Memory holds the place of the images of each shard.
 */
export async function* mergeCoco(options: MergeOptions): AsyncGenerator<void, void> {
  const file = await options.files.writeStream(join(options.folder, fileName));
  yield* finishing(file, copyShards(options, file));
}

async function* copyShards(options: MergeOptions, file: WriteStream): AsyncGenerator<void, void> {
  const { store, classes, shards } = options;
  await file.write(cocoHead);
  const images: FilePart[] = [];
  let [annotations, ignored] = [0, false];
  for (const shard of shards) {
    const path = pathInShard(options, shard, fileName);
    const tails = [true, false].map((value) => cocoTail(classes, value));
    const { tail, ...body } = await bodyOf(store, shard, path, cocoHead, tails);
    ignored ||= tail === tails[0];
    const part = await copyAnnotations(store, { shard, path }, body, file, annotations);
    annotations += part.annotations;
    images.push(part.images);
    yield;
  }
  await file.write(cocoMiddle);
  let isFirst = true;
  for (const [i, part] of images.entries()) {
    if (part.start === part.end) continue;
    if (!isFirst) await file.write(",");
    isFirst = false;
    await copyPart(store, pathInShard(options, shards[i]!, fileName), part, file);
  }
  await file.write(cocoTail(classes, ignored));
}

/** Copies the annotations of a shard, numbered from `before + 1` on; returns how many there are, and where the images stand. */
async function copyAnnotations(
  store: Store,
  { shard, path }: { readonly shard: MaskShard; readonly path: string },
  body: FilePart,
  to: WriteStream,
  before: number,
): Promise<{ readonly annotations: number; readonly images: FilePart }> {
  const damaged = (line: number): Error =>
    damagedShard(shard.folder, `line ${line} of ${path.slice(shard.folder.length + 1)} is damaged`);
  // The line break before the first annotation ends the line of the head.
  let [annotations, at, line] = [0, body.start + 1, 2];
  const source = await store.open(path);
  try {
    for await (const lines of lineBatches(source, { start: at, end: body.end })) {
      for (const text of lines) {
        line++;
        if (text === annotationsEnd) {
          const start = at - 1 + cocoMiddle.length;
          const isMiddle =
            start <= body.end && (await readText(source, at - 1, start)) === cocoMiddle;
          if (!isMiddle) throw damaged(line);
          return { annotations, images: { start, end: body.end } };
        }
        // Lines are ASCII: they hold numbers and run lengths, and no names.
        at += text.length + 1;
        const number = /^\{"id":(\d+),/.exec(text);
        if (!number || Number(number[1]) !== annotations + 1) throw damaged(line);
        annotations++;
        const id = before + annotations;
        const rest = text.slice(number[0].length, text.endsWith(",") ? -1 : undefined);
        await to.write(`${id === 1 ? "" : ","}\n{"id":${id},${rest}`);
      }
    }
  } finally {
    await source.close();
  }
  throw damaged(line);
}

async function readText(file: OpenFile, start: number, end: number): Promise<string> {
  return new TextDecoder().decode(await file.read(start, end - start));
}
