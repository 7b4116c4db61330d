import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { nodeHost } from "../../src/host/node/host.ts";
import { parseConfig } from "../../src/method/config.ts";
import { inspectDataset } from "../../src/files/datasets/index.ts";
import { readNpy } from "../../src/files/weights/npy.ts";
import { readTagsNpy } from "../../src/files/datasets/tags/npy.ts";
import { resolveConfig } from "../../src/files/run/settings.ts";
import { decodeImage, encodeImage } from "../../src/host/node/images/codec.ts";
import { decodeMask, encodeMask } from "../../src/host/node/images/index-png.ts";
import { encodeBrush } from "../../src/files/formats/label-studio/brush.ts";
import { LostDetails } from "../../src/files/formats/lost-details.ts";
import { ImageFiles, openMasks } from "../../src/files/formats/open.ts";
import { openZip } from "../../src/host/node/files/stored-archive.ts";
import { openWeights } from "../../src/files/weights/open.ts";
import { bytesSource } from "../../src/host/byte-source.ts";
import { understandWeights } from "../../src/files/weights/understand.ts";
import { readTensor } from "../../src/files/weights/weights-file.ts";
import { encodeRle } from "../../src/method/images/run-lengths.ts";

/** A whole file, and what reads it. */
export interface Subject {
  readonly name: string;
  readonly kind: "bytes" | "text";
  readonly whole: Uint8Array;
  /** Only so many of its first bytes are damaged: what follows is numbers that mean nothing. */
  readonly span?: number;
  readonly read: (bytes: Uint8Array) => Promise<unknown>;
}

/** Files of one extension. */
export interface Group {
  readonly extension: string;
  readonly subjects: readonly Subject[];
}

const golden = join(import.meta.dirname, "../golden");
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

async function readWeights(bytes: Uint8Array): Promise<void> {
  const file = await openWeights(bytesSource(bytes, "file"), openZip);
  understandWeights(file);
  for (const tensor of file.tensors) await readTensor(tensor);
}

/** @param work an empty folder for those who read from disk */
export async function makeGroups(work: string): Promise<Group[]> {
  const checkpoint = (name: string, span?: number): Subject => ({
    name,
    kind: "bytes",
    whole: readFileSync(join(golden, "checkpoints", name)),
    ...(span !== undefined && { span }),
    read: readWeights,
  });
  return [
    {
      extension: ".pth",
      subjects: [checkpoint("odd_tensors.pth"), checkpoint("afa_legacy.pth", 12_000)],
    },
    { extension: ".safetensors", subjects: [checkpoint("odd_tensors.safetensors")] },
    { extension: ".npy", subjects: npySubjects(work) },
    { extension: ".png", subjects: await pngSubjects() },
    { extension: ".json", subjects: jsonSubjects(work) },
    { extension: ".yaml", subjects: yamlSubjects(work) },
  ];
}

function npySubjects(work: string): Subject[] {
  const path = join(import.meta.dirname, "../files/datasets/numpy.json");
  const files = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  const target = join(work, "tags.npy");
  return Object.entries(files).map(([name, base64]) => ({
    name,
    kind: "bytes",
    whole: Buffer.from(base64, "base64"),
    read: async (bytes) => {
      readNpy(bytes, "file");
      if (name === "evil" || name.startsWith("protocol")) {
        writeFileSync(target, bytes);
        const taker = { take: () => undefined, clear: () => undefined };
        await readTagsNpy(nodeHost.store, target, ["cat", "dog", "sofa"], taker);
      }
    },
  }));
}

async function pngSubjects(): Promise<Subject[]> {
  const [width, height] = [21, 15];
  const labels = Uint8Array.from({ length: width * height }, (_, i) => i % 7);
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 7) % 256);
  const mask = encodeMask({ width, height, data: labels });
  const image = await encodeImage({ width, height, data: pixels }, "png");
  const readMask = async (bytes: Uint8Array): Promise<unknown> => decodeMask(bytes, "mask.png");
  const readImage = (bytes: Uint8Array): Promise<unknown> => decodeImage(bytes, "image.png");
  return [
    { name: "mask", kind: "bytes", whole: mask, read: readMask },
    { name: "image", kind: "bytes", whole: image, read: readImage },
  ];
}

/** Reads every mask of a file. */
async function readMasks(path: string, from: "coco" | "labelstudio"): Promise<void> {
  const images = await ImageFiles.find(nodeHost.store, undefined, join(path, ".."));
  const options = { images, instances: "regions", losses: new LostDetails(), from } as const;
  const source = await openMasks(nodeHost, path, options);
  try {
    for (const entry of source.entries) await entry.read();
  } finally {
    await source.close();
  }
}

function jsonSubjects(work: string): Subject[] {
  const counts = encodeRle(
    Uint8Array.from({ length: 48 }, (_, i) => Number(i % 5 < 2)),
    8,
    6,
  );
  const box = { image_id: 1, category_id: 7, area: 4, bbox: [0, 0, 2, 2] };
  const coco = JSON.stringify({
    images: [{ id: 1, file_name: "a.png", width: 8, height: 6 }],
    annotations: [
      { id: 1, ...box, iscrowd: 0, segmentation: [[1, 1, 5, 1, 5, 4]] },
      { id: 2, ...box, iscrowd: 1, segmentation: { size: [6, 8], counts } },
      { id: 3, ...box, iscrowd: 1, segmentation: { size: [6, 8], counts: [10, 5, 33] } },
    ],
    categories: [{ id: 7, name: "cat" }],
  });
  const rle = [...encodeBrush([5, 9, 3, 20, 11])];
  const brush = { format: "rle", rle, brushlabels: ["cat"] };
  const studio = JSON.stringify([
    {
      data: { image: "a.png" },
      predictions: [
        {
          result: [
            {
              ...{ type: "brushlabels", from_name: "tag", to_name: "image", value: brush },
              ...{ original_width: 8, original_height: 6 },
            },
          ],
        },
      ],
    },
  ]);
  const tags = '[{"file":"a.png","tags":["cat"]},{"file":"b.png","tags":"dog","split":"val"}]';
  const [masks, data] = [join(work, "masks"), join(work, "json")];
  mkdirSync(masks);
  mkdirSync(join(data, "images"), { recursive: true });
  const written = (path: string, read: () => Promise<unknown>) => (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    return read();
  };
  const file = (name: string): string => join(masks, name);
  return [
    {
      ...{ name: "COCO instances", kind: "text", whole: bytesOf(coco) },
      read: written(file("instances.json"), () => readMasks(file("instances.json"), "coco")),
    },
    {
      ...{ name: "Label Studio tasks", kind: "text", whole: bytesOf(studio) },
      read: written(file("tasks.json"), () => readMasks(file("tasks.json"), "labelstudio")),
    },
    {
      ...{ name: "tags", kind: "text", whole: bytesOf(tags) },
      read: written(join(data, "tags.json"), () =>
        inspectDataset(nodeHost, data, { decode: false }),
      ),
    },
  ];
}

function yamlSubjects(work: string): Subject[] {
  const data = join(work, "yaml");
  mkdirSync(join(data, "images"), { recursive: true });
  writeFileSync(join(data, "tags.csv"), "file,tags\na.png,cat\n");
  const description =
    "names: {0: &n cat, 1: dog}\nimages: images\ntags: tags.csv\nsplits:\n  train: [a]\n";
  const settings = "train: {steps: 100, lr: 1e-4}\nmodel:\n  backbone: mit_b0\nrun: {data: x}\n";
  const config = join(work, "config.yaml");
  return [
    {
      ...{ name: "data.yaml", kind: "text", whole: bytesOf(description) },
      read: (bytes) => {
        writeFileSync(join(data, "data.yaml"), bytes);
        return inspectDataset(nodeHost, data, { decode: false });
      },
    },
    {
      ...{ name: "config.yaml", kind: "text", whole: bytesOf(settings) },
      read: (bytes) => {
        writeFileSync(config, bytes);
        return resolveConfig(nodeHost.store, { config }, "voc");
      },
    },
    {
      ...{ name: "a setting", kind: "text", whole: bytesOf("[1, 0.5, 1.5]") },
      read: async (bytes) => parseConfig({ set: { "pseudo.scales": yamlOf(bytes) } }),
    },
  ];
}

/** As `--set` reads it: what is no YAML never gets to the settings. */
function yamlOf(bytes: Uint8Array): unknown {
  try {
    return parseYaml(Buffer.from(bytes).toString(), { logLevel: "silent" }) as unknown;
  } catch {
    return undefined;
  }
}
