import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inspectDataset } from "../../../src/files/datasets/index.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { encodeImage } from "../../../src/host/node/images/codec.ts";
import { mustHold, type FileKind, type Subject } from "../subject.ts";

const csv = 'file,tags,split\na.jpg,"cat;dog",train\nb.jpg,dog,val\n';
const columns = "file;cat;dog\na.jpg;1;0\nb.jpg;0;1\n";
const foreign = "filename,label\na.jpg,caf\u00e9\nb.jpg,dog\n";
const json = '[{"file":"a.jpg","tags":["cat"]},{"file":"b.jpg","tags":"dog","split":"val"}]';
const jsonLines =
  '{"file":"a.jpg","tags":["cat"]}\n{"file":"b.jpg","tags":["dog"],"split":"val"}\n';
const description =
  "names: {0: &n cat, 1: dog}\nimages: images\ntags: tags.csv\nsplits:\n  train: [a]\n";
const xml =
  "<annotation><!-- x --><object><name>dog</name><part/></object><object><name>cat</name></object></annotation>";
const instances = JSON.stringify({
  images: [
    { id: 1, file_name: "a.jpg", width: 8, height: 6 },
    { id: 2, file_name: "b.jpg", width: 8, height: 6 },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 3, area: 4, bbox: [0, 0, 2, 2], iscrowd: 0, segmentation: [[1, 1, 5, 1, 5, 4]] }, // prettier-ignore
    { id: 2, image_id: 2, category_id: 4, iscrowd: 1, segmentation: { size: [6, 8], counts: [10, 5, 33] } }, // prettier-ignore
  ],
  categories: [
    { id: 3, name: "cat" },
    { id: 4, name: "dog" },
  ],
});

/** Lists and tags of data sets, each in a folder of two images. */
export async function datasetSubjects(work: string): Promise<Subject[]> {
  const picture = await encodeImage({ width: 8, height: 6, data: new Uint8Array(144) }, "jpeg");
  let folders = 0;
  const subject = (
    name: string,
    kind: FileKind,
    path: string,
    seeds: readonly (string | Uint8Array)[],
    files: Readonly<Record<string, string>> = {},
  ): Subject => {
    const root = join(work, `data-${folders++}`);
    const images = Object.keys(files).some((file) => file.startsWith("ImageSets"))
      ? "JPEGImages"
      : "images";
    const write = (file: string, data: string | Uint8Array): void => {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), data);
    };
    for (const image of ["a.jpg", "b.jpg"]) write(`${images}/${image}`, picture);
    for (const [file, text] of Object.entries(files)) write(file, text);
    return {
      ...{ name, kind, seeds: seeds.map((seed) => Buffer.from(seed as string)), weight: 0.5 },
      read: async (bytes) => {
        write(path, bytes);
        const { classes, counts } = await inspectDataset(nodeHost, root, { decode: false });
        const { images: count, perClass } = counts.all;
        const numbers = [count, ...perClass];
        mustHold(numbers.every(Number.isSafeInteger), numbers.join());
        mustHold(perClass.length === classes.length, `${classes.length} classes`);
      },
    };
  };
  const voc = { "ImageSets/Segmentation/train.txt": "a\nb\n", "Annotations/a.xml": xml };
  return [
    subject("tags.csv", "table", "tags.csv", [
      ...[csv, columns, foreign, Buffer.from(foreign, "latin1"), Buffer.from(`\uFEFF${csv}`)],
      Buffer.from(`\uFEFF${columns}`, "utf16le"),
    ]),
    subject("tags.json", "json", "tags.json", [json]),
    subject("tags.jsonl", "json lines", "tags.jsonl", [jsonLines]),
    subject("data.yaml", "yaml", "data.yaml", [description], { "tags.csv": csv }),
    subject("voc xml", "xml", "Annotations/b.xml", [xml], voc),
    subject("voc lists", "table", "ImageSets/Segmentation/train.txt", ["a\nb\n"], voc),
    subject("coco data set", "json", "annotations/instances_train.json", [instances]),
  ];
}
