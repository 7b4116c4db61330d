import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vocClasses } from "../../src/method/images/classes.ts";
import { Random } from "../../src/engine/random.ts";
import type { TagsAs } from "./curves.ts";

// As a process of its own: writes a data set of empty images, tagged in one of the ways, in an order that is not the folder's.
const [folder, entries, tagsAs] = [
  ...[process.argv[2]!, Number(process.argv[3]), process.argv[4] as TagsAs],
] as const;
const seed = 1;
const random = Random.at(seed, "listing");
const names = Array.from({ length: entries }, (_, i) => `photo-${String(i).padStart(7, "0")}.jpg`);
// Names of a few empty files: a file system takes so many of one file.
const namesOfOne = 60_000;

/** @param folderOf the images' folder, by their number */
function writeImages(folderOf: (i: number) => string): void {
  for (const inside of new Set(names.map((_, i) => folderOf(i)))) mkdirSync(join(folder, inside));
  names.forEach((name, i) => {
    const first = i - (i % namesOfOne);
    const path = join(folder, folderOf(i), name);
    if (i === first) writeFileSync(path, "");
    else linkSync(join(folder, folderOf(first), names[first]!), path);
  });
}

/** One to three classes an image, of twenty. */
function tagged(classes: readonly string[]): { file: string; tags: string[] }[] {
  return random.shuffle(names).map((file) => {
    const tags = [random.int(20), random.int(20), random.int(20)].slice(0, 1 + random.int(3));
    return { file, tags: [...new Set(tags)].map((tag) => classes[tag]!) };
  });
}

function write(name: string, lines: readonly string[]): void {
  writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
}

const numbered = Array.from({ length: 20 }, (_, i) => `class${i}`);
const csvLine = ({ file, tags }: { file: string; tags: string[] }): string =>
  `${file},${tags.join(";")}`;

const writeTags: Readonly<Record<TagsAs, () => void>> = {
  csv: () => write("tags.csv", ["file,tags", ...tagged(numbered).map(csvLine)]),
  "quoted-csv": () => {
    const rows = tagged(numbered).map(({ file, tags }) => `"${file}","${tags.join(";")}"`);
    write("tags.csv", ['"file","tags"', ...rows]);
  },
  json: () => {
    const rows = tagged(numbered).map((image) => JSON.stringify(image));
    write("tags.json", [`[${rows.join(",\n")}]`]);
  },
  jsonl: () => {
    const rows = tagged(numbered).map((image) => JSON.stringify(image));
    write("tags.jsonl", rows);
  },
  "class-folders": () => {
    const classes = names.map(() => numbered[random.int(20)]!);
    writeImages((i) => classes[i]!);
  },
  voc: () => {
    write("tags.csv", ["file,tags", ...tagged(vocClasses).map(csvLine)]);
    const listed = random.shuffle(names).map((name) => name.replace(/\.jpg$/, ""));
    const held = Math.round(entries / 10);
    const lists = join("ImageSets", "Segmentation");
    mkdirSync(join(folder, lists), { recursive: true });
    write(join(lists, "train.txt"), listed.slice(held));
    write(join(lists, "val.txt"), listed.slice(0, held));
  },
};

if (tagsAs !== "class-folders") writeImages(() => (tagsAs === "voc" ? "JPEGImages" : "images"));
writeTags[tagsAs]();
