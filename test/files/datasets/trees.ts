import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { cocoClasses, vocClasses } from "../../../src/method/images/classes.ts";
import { encodeMask } from "../../../src/host/node/images/index-png.ts";
import { tagsNpy } from "./mini-npy.ts";

/** An object of a miniature picture; `label` is that of its class. */
interface Thing {
  readonly label: number;
  readonly shape: "disk" | "box" | "diamond";
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** One of several that are outlined together. */
  readonly crowd?: boolean;
}

/** A picture of a miniature tree with its truth. */
export interface MiniPicture {
  readonly name: string;
  /** Its number, the id in COCO. */
  readonly id: number;
  readonly split: "train" | "val" | "test";
  readonly width: number;
  readonly height: number;
  readonly gray: boolean;
  /** Labels of what it shows, ascending. */
  readonly labels: readonly number[];
  /** In drawing order: later ones lie on top. */
  readonly things: readonly Thing[];
  /** Labels, row-major; crowds are 255. */
  readonly truth: Uint8Array;
}

export interface MiniVocOptions {
  /** What tags can be read from besides the masks; all if not given. */
  readonly tags?: readonly ("npy" | "xml")[];
}

export interface MiniCocoOptions {
  /** Folders like VOC's with masks, or images and instances_*.json. */
  readonly layout: "voc" | "json";
}

/** Ids below 91 that COCO never gave to a category. */
const gaps = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
const categoryIds = Array.from({ length: 90 }, (_, i) => i + 1).filter((id) => !gaps.includes(id));
/** The categories of COCO's annotation files. */
export const cocoCategories = categoryIds.map((id, i) => ({ id, name: cocoClasses[i]! }));

const counts = { train: 12, val: 4, test: 2 } as const;
/** Pictures with something awkward, by their place in the training split. */
const [grayAt, emptyAt, crowdAt, overlapAt] = [2, 4, 5, 6];
const shapes = ["disk", "box", "diamond"] as const;
const colors = ["#d03030", "#3060d0", "#30b040", "#e0b020", "#b040c0"];

/**
 * A miniature VOC 2012 in its true formats: 12 training pictures, 4 for validation and 2 for testing of which nothing is
 * known; lists, annotations, palette masks with 255 around objects, train_aug and the published tags in voc/.
 */
export async function writeMiniVoc(
  root: string,
  { tags = ["npy", "xml"] }: MiniVocOptions = {},
): Promise<MiniPicture[]> {
  const known = ["aeroplane", "cat", "dog", "person"].map((name) => vocClasses.indexOf(name) + 1);
  const sizes = [[500, 333], [500, 375], [333, 500]] as const; // prettier-ignore
  const pictures = makePictures(known, sizes, (index) => {
    const id = 2007000032 + 7 * index;
    return { id, name: String(id).replace(/^(\d{4})/, "$1_") };
  });
  const vectors = new Map<string, number[]>();
  for (const picture of pictures) {
    const { name, split, labels } = picture;
    await write(join(root, `JPEGImages/${name}.jpg`), await jpeg(picture));
    if (split === "test") continue;
    vectors.set(name, oneHot(labels, vocClasses.length));
    const mask = encodeMask({ ...picture, data: withBorders(picture) });
    await write(join(root, `SegmentationClassAug/${name}.png`), mask);
    if (split === "val" || picture.id % 2 === 0) {
      await write(join(root, `SegmentationClass/${name}.png`), mask);
    }
    if (tags.includes("xml")) await write(join(root, `Annotations/${name}.xml`), xml(picture));
  }
  const of = (split: string): string[] =>
    pictures.filter((picture) => picture.split === split).map(({ name }) => name);
  const lists = join(root, "ImageSets/Segmentation");
  const original = pictures.filter(({ split, id }) => split === "train" && id % 2 === 0);
  await write(join(lists, "train.txt"), lines(original.map(({ name }) => name)));
  await write(join(lists, "val.txt"), lines(of("val")));
  await write(join(lists, "test.txt"), lines(of("test")));
  const pairs = of("train").map(
    (name) => `/JPEGImages/${name}.jpg /SegmentationClassAug/${name}.png`,
  );
  await write(join(root, "voc/train_aug.txt"), lines(pairs));
  if (tags.includes("npy")) await write(join(root, "voc/cls_labels_onehot.npy"), tagsNpy(vectors));
  return pictures;
}

/**
 * A miniature COCO 2014 in either of its true forms: 12 training and 4 validation pictures, with a crowd, objects on top
 * of others, and classes on both sides of the gaps in COCO's ids.
 */
export async function writeMiniCoco(
  root: string,
  { layout }: MiniCocoOptions,
): Promise<MiniPicture[]> {
  const known = ["person", "stop sign", "book", "teddy bear"].map(
    (name) => cocoClasses.indexOf(name) + 1,
  );
  const sizes = [[640, 480], [480, 640], [640, 427]] as const; // prettier-ignore
  const pictures = makePictures(known, sizes, (index, split) => {
    const id = 9 + 16 * index;
    return { id, name: `COCO_${split}2014_${String(id).padStart(12, "0")}` };
  }).filter(({ split }) => split !== "test");
  const vectors = new Map<string, number[]>();
  for (const picture of pictures) {
    const { name, split, labels } = picture;
    const folder = layout === "voc" ? `JPEGImages/${split}` : `images/${split}2014`;
    await write(join(root, `${folder}/${name}.jpg`), await jpeg(picture));
    vectors.set(name, oneHot(labels, cocoClasses.length));
    if (layout === "json") continue;
    const mask = encodeMask({ ...picture, data: picture.truth });
    await write(join(root, `SegmentationClass/${split}/${name}.png`), mask);
  }
  for (const split of ["train", "val"] as const) {
    const own = pictures.filter((picture) => picture.split === split);
    if (layout === "voc") {
      await write(join(root, `coco/${split}.txt`), lines(own.map(({ name }) => name)));
    } else {
      const file = join(root, `annotations/instances_${split}2014.json`);
      await write(file, JSON.stringify(instances(own)));
    }
  }
  if (layout === "voc") await write(join(root, "coco/cls_labels_onehot.npy"), tagsNpy(vectors));
  return pictures;
}

function makePictures(
  known: readonly number[],
  sizes: readonly (readonly [number, number])[],
  identify: (index: number, split: "train" | "val") => { id: number; name: string },
): MiniPicture[] {
  const pictures: MiniPicture[] = [];
  for (const split of ["train", "val", "test"] as const) {
    for (let i = 0; i < counts[split]; i++) {
      const index = pictures.length;
      const training = split === "train";
      const [width, height] = sizes[index % 4 === 3 ? 1 + (index % 2) : 0]!;
      const things = training && i === emptyAt ? [] : makeThings(known, width, height, index);
      if (training && i === overlapAt) {
        const [below] = things as [Thing];
        const above = known.find((label) => label !== below.label)!;
        things.splice(1, things.length, { ...below, label: above, radius: below.radius / 2 });
      }
      if (training && i === crowdAt) {
        const crowd = { label: known[0]!, shape: "box", radius: height / 9, crowd: true } as const;
        const place = { x: width * 0.85, y: height * 0.85 };
        things.unshift({ ...crowd, ...place });
      }
      pictures.push({
        ...identify(index, split === "train" ? "train" : "val"),
        ...{ split, width, height, gray: training && i === grayAt, things },
        labels: [...new Set(things.map(({ label }) => label))].sort((a, b) => a - b),
        truth: drawTruth(things, width, height),
      });
    }
  }
  return pictures;
}

/** One or two things in either half; the first cycles through the classes. */
function makeThings(
  known: readonly number[],
  width: number,
  height: number,
  index: number,
): Thing[] {
  return Array.from({ length: 1 + (index % 2) }, (_, k) => {
    const kind = (index + k * (1 + (index % 3))) % known.length;
    return {
      ...{ label: known[kind]!, shape: shapes[kind % shapes.length]! },
      x: Math.round(width * (0.3 + 0.4 * k + 0.02 * ((index * 3) % 5))),
      y: Math.round(height * (0.4 + 0.05 * ((index * 7) % 5))),
      radius: Math.round(Math.min(width, height) * (0.16 + 0.01 * ((index + k) % 5))),
    };
  });
}

function covers({ shape, x, y, radius }: Thing, column: number, row: number): boolean {
  const [dx, dy] = [Math.abs(column + 0.5 - x), Math.abs(row + 0.5 - y)];
  if (shape === "disk") return dx * dx + dy * dy < radius * radius;
  return shape === "box" ? Math.max(dx, dy) < radius : dx + dy < radius;
}

function drawTruth(things: readonly Thing[], width: number, height: number): Uint8Array {
  const truth = new Uint8Array(width * height);
  for (const thing of things) {
    for (let i = 0; i < truth.length; i++) {
      if (covers(thing, i % width, Math.floor(i / width))) {
        truth[i] = thing.crowd ? 255 : thing.label;
      }
    }
  }
  return truth;
}

/** VOC leaves out a few pixels around objects. */
function withBorders({ truth, width, height }: MiniPicture): Uint8Array {
  return truth.map((label, i) => {
    const x = i % width;
    const differs = (j: number): boolean => truth[j] !== label;
    const [left, right] = [x > 0 && differs(i - 1), x < width - 1 && differs(i + 1)];
    const [up, down] = [i >= width && differs(i - width), i < width * (height - 1) && differs(i + width)]; // prettier-ignore
    return left || right || up || down ? 255 : label;
  });
}

async function jpeg({ width, height, things, gray, id }: MiniPicture): Promise<Uint8Array> {
  const figures = things.map(({ label, shape, x, y, radius: r, crowd }) => {
    const color = `fill="${colors[label % colors.length]}"`;
    if (crowd)
      return `<rect x="${x - r}" y="${y - r}" width="${2 * r}" height="${2 * r}" ${color}/>`;
    if (shape === "disk") return `<circle cx="${x}" cy="${y}" r="${r}" ${color}/>`;
    const corners = cornersOf(shape, x, y, r).map((pair) => pair.join(","));
    return `<polygon points="${corners.join(" ")}" ${color}/>`;
  });
  const shade = 120 + (id % 5) * 20;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<linearGradient id="g"><stop offset="0" stop-color="rgb(${shade},${shade},${shade - 20})"/>` +
    `<stop offset="1" stop-color="rgb(90,${shade - 30},100)"/></linearGradient>` +
    `<rect width="100%" height="100%" fill="url(#g)"/>${figures.join("")}</svg>`;
  const picture = sharp(Buffer.from(svg)).flatten();
  // A JPEG of one channel, as some of COCO are.
  return (gray ? picture.toColourspace("b-w") : picture).jpeg({ quality: 90 }).toBuffer();
}

function cornersOf(shape: Thing["shape"], x: number, y: number, r: number): [number, number][] {
  if (shape === "box") return [[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r]]; // prettier-ignore
  if (shape === "diamond")
    return [
      [x, y - r],
      [x + r, y],
      [x, y + r],
      [x - r, y],
    ];
  return Array.from({ length: 64 }, (_, k) => {
    const angle = (k * Math.PI) / 32;
    return [x + r * Math.cos(angle), y + r * Math.sin(angle)];
  });
}

function xml({ name, width, height, things }: MiniPicture): string {
  const objects = things.map(({ label, x, y, radius }) => {
    const box = `<xmin>${x - radius}</xmin><ymin>${y - radius}</ymin><xmax>${x + radius}</xmax><ymax>${y + radius}</ymax>`;
    return `\t<object>\n\t\t<name>${vocClasses[label - 1]}</name>\n\t\t<pose>Unspecified</pose>\n\t\t<bndbox>${box}</bndbox>\n\t</object>\n`;
  });
  return (
    `<annotation>\n\t<folder>VOC2012</folder>\n\t<filename>${name}.jpg</filename>\n` +
    `\t<size><width>${width}</width><height>${height}</height><depth>3</depth></size>\n${objects.join("")}</annotation>\n`
  );
}

/** An instances_*.json: polygons, the box of a disk's twin as run lengths, crowds as plain run lengths. */
function instances(pictures: readonly MiniPicture[]): object {
  let id = 100;
  return {
    info: { description: "COCO 2014 Dataset", version: "1.0", year: 2014 },
    images: pictures.map(({ name, id, width, height }) => ({
      ...{ license: 5, file_name: `${name}.jpg`, height, width, id },
    })),
    licenses: [{ id: 5, name: 'say "hello" [to] {braces}' }],
    annotations: pictures.flatMap(({ id: image_id, width, height, things }) =>
      things.map((thing) => {
        const { label, shape, x, y, radius: r, crowd = false } = thing;
        const segmentation = crowd
          ? { counts: runs(thing, width, height), size: [height, width] }
          : [cornersOf(shape, x, y, r).flatMap((pair) => pair.map((v) => Number(v.toFixed(2))))];
        const category_id = cocoCategories[label - 1]!.id;
        const box = { area: 3 * r * r, bbox: [x - r, y - r, 2 * r, 2 * r] };
        return { segmentation, ...box, iscrowd: Number(crowd), image_id, category_id, id: id++ };
      }),
    ),
    categories: cocoCategories.map(({ id, name }) => ({ supercategory: "thing", id, name })),
  };
}

/** Uncompressed run lengths down the columns. */
function runs(thing: Thing, width: number, height: number): number[] {
  const lengths = [0];
  let inside = false;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (covers(thing, x, y) !== inside) {
        inside = !inside;
        lengths.push(0);
      }
      lengths[lengths.length - 1]!++;
    }
  }
  return lengths;
}

function oneHot(labels: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(labels.includes(i + 1)));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
