import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../src/random.ts";

// As a process of its own: writes a folder of empty images and their tags.csv, in an order that is not the folder's.
const [folder, entries] = [process.argv[2]!, Number(process.argv[3])];
const seed = 1;
const random = Random.at(seed, "listing");
const images = join(folder, "images");
mkdirSync(images);
// Names of a few empty files: a file system takes so many of one file.
const namesOfOne = 60_000;
const names = Array.from({ length: entries }, (_, i) => `photo-${String(i).padStart(7, "0")}.jpg`);
names.forEach((name, i) => {
  const first = names[i - (i % namesOfOne)]!;
  if (name === first) writeFileSync(join(images, name), "");
  else linkSync(join(images, first), join(images, name));
});
const rows = random.shuffle(names).map((name) => {
  const tags = [random.int(20), random.int(20), random.int(20)].slice(0, 1 + random.int(3));
  return `${name},${[...new Set(tags)].map((tag) => `class${tag}`).join(";")}`;
});
writeFileSync(join(folder, "tags.csv"), `${["file,tags", ...rows].join("\n")}\n`);
