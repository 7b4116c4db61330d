import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { classesJson } from "../../src/files/formats/classes-file.ts";
import { cocoHead, cocoMiddle, cocoTail } from "../../src/files/formats/coco/file-text.ts";
import { imageList, labelMap, labelMapFile, picturesOf } from "../../src/files/formats/cvat/file-text.ts"; // prettier-ignore
import { ZipWriter } from "../../src/files/formats/cvat/zip-writer.ts";
import { fileListText, type FinishedFile } from "../../src/files/formats/finished-files.ts";
import { formatFiles, type MaskFormat } from "../../src/files/formats/formats.ts";
import { configurationFile, labelingConfiguration, tasksHead, tasksTail } from "../../src/files/formats/label-studio/file-text.ts"; // prettier-ignore
import { dataFile, dataYaml, sizesFile, sizesHead } from "../../src/files/formats/yolo/write.ts";
import { planFile, shardFolder, type ShardPlan } from "../../src/files/shards/plan.ts";
import { recordsName, recordText } from "../../src/files/shards/records.ts";
import { nodeStore } from "../../src/host/node/files/store.ts";

export const classes = ["cat", "dog", "bird"];

/** Bytes of a small PNG, of the run lengths of an object in Label Studio, and of one in COCO. */
const [pictureBytes, brushNumbers, countLetters] = [600, 200, 80];

const picture = new Uint8Array(pictureBytes).fill(7);
const brush = Array.from({ length: brushNumbers }, (_, i) => i % 256).join(",");
const counts = "a".repeat(countLetters);

/** Writes shards like those of a job, with two objects an image, without making a mask: files have their sizes and forms, no pixels. */
export async function writeSyntheticShards(
  out: string,
  format: MaskFormat,
  { items, shardSize }: { readonly items: number; readonly shardSize: number },
): Promise<void> {
  const shards = Math.ceil(items / shardSize);
  const plan: ShardPlan = {
    ...{ version: 1, job: "label", settings: {}, classes, items, shardSize, tasks: 8 },
    masks: { format: [format], overlays: false, sheet: format === "voc" },
  };
  mkdirSync(join(out, "shards"), { recursive: true });
  writeFileSync(planFile(out), JSON.stringify(plan));
  for (let shard = 0; shard < shards; shard++) {
    const folder = shardFolder(out, shard);
    const own = Array.from(
      { length: Math.min(shardSize, items - shard * shardSize) },
      (_, i) => shard * shardSize + i,
    );
    mkdirSync(join(folder, format === "yolo" ? "labels" : "masks"), { recursive: true });
    const files: FinishedFile[] = [];
    const write = (path: string, data: string | Uint8Array): void => {
      writeFileSync(join(folder, path), data);
      files.push({ path, size: Buffer.byteLength(data) });
    };
    const records = own.map((index) => {
      const name = nameOf(index);
      const path = format === "yolo" ? `labels/${name}.txt` : `masks/${name}.png`;
      const before = files.length;
      if (format === "voc" || format === "yolo") write(path, picture);
      const facts = { file: `../photos/${name}.jpg`, confidence: ((index * 7919) % 10007) / 10007, tags: ["cat"], missing: index % 50 === 0 ? ["cat"] : [] }; // prettier-ignore
      const thumbnail = { file: `thumbnails/${name}.jpg`, width: 288, height: 216 };
      const ledger = [["read", name, 2] as const, ["shown", name, 2] as const];
      return recordText({ index, name, files: files.slice(before), size: [500, 375], ledger, thumbnail, facts }); // prettier-ignore
    });
    writeFileSync(join(folder, recordsName), records.join(""));
    write("classes.json", classesJson(classes));
    await writeWholeFiles(folder, format, own, write);
    writeFileSync(join(folder, ".tag2mask.jsonl"), fileListText(files));
  }
}

function nameOf(index: number): string {
  return `image-${String(index).padStart(8, "0")}`;
}

async function writeWholeFiles(
  folder: string,
  format: MaskFormat,
  images: readonly number[],
  write: (path: string, data: string | Uint8Array) => void,
): Promise<void> {
  const name = formatFiles[format];
  const size = { width: 500, height: 375 };
  if (format === "coco") {
    const annotations = images.flatMap((index, i) =>
      [1, 2].map((object) => {
        const id = 2 * i + object;
        return `\n${JSON.stringify({ id, image_id: index + 1, category_id: object, segmentation: { size: [375, 500], counts }, area: 900, bbox: [1, 2, 30, 40], iscrowd: 0 })}`;
      }),
    );
    const list = images.map((index) => `\n${JSON.stringify({ id: index + 1, file_name: `${nameOf(index)}.jpg`, ...size })}`); // prettier-ignore
    write(name!, `${cocoHead}${annotations.join(",")}${cocoMiddle}${list.join(",")}${cocoTail(classes, false)}`); // prettier-ignore
  } else if (format === "labelstudio") {
    const tasks = images.map((index) => {
      const result = [1, 2].map((k) => `{"id":"${index + 1}-${k}","value":{"format":"rle","rle":[${brush}]}}`); // prettier-ignore
      return `\n{"data":${JSON.stringify({ image: `${nameOf(index)}.jpg`, ...size })},"predictions":[{"result":[${result.join(",\n")}]}]}`;
    });
    write(name!, `${tasksHead}${tasks.join(",")}${tasksTail}`);
    write(configurationFile(name!), labelingConfiguration(classes, false));
  } else if (format === "cvat") {
    const file = await nodeStore.writeStream(join(folder, name!));
    const zip = new ZipWriter(file);
    const encoder = new TextEncoder();
    for (const path of images.flatMap((index) => picturesOf(nameOf(index)))) {
      await zip.add(path, picture);
    }
    await zip.add(imageList, encoder.encode(images.map((index) => `${nameOf(index)}\n`).join("")));
    await zip.add(labelMapFile, encoder.encode(labelMap(classes, false)));
    await zip.finish();
    await file.finish();
    write(name!, await nodeStore.read(join(folder, name!)));
  } else if (format === "yolo") {
    write(sizesFile, sizesHead + images.map((index) => `${nameOf(index)},500,375\n`).join(""));
    write(dataFile, await dataYaml(classes));
  }
}
