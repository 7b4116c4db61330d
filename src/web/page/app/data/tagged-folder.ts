import type { DroppedFolder } from "../../../../host/web/files/dropped.ts";
import { csvField } from "../../../../files/text/csv.ts";

/** A photograph and the names of the classes that it shows. */
export interface TaggedPhoto {
  readonly file: File;
  readonly tags: readonly string[];
}

/** Tagged photographs as a data set: images/, tags.csv and classes.txt. Photographs of the same name get numbers. */
export function taggedFolder(
  photos: readonly TaggedPhoto[],
  classes: readonly string[],
): DroppedFolder {
  const content = new Map<string, Blob>();
  const lines = ["file,tags"];
  const stems = new Set<string>();
  for (const { file, tags } of photos) {
    const name = freeFileName(file.name, stems);
    content.set(`images/${name}`, new File([file], name));
    lines.push([name, tags.join(";")].map(csvField).join(","));
  }
  const used = classes.filter((name) => photos.some(({ tags }) => tags.includes(name)));
  content.set("tags.csv", new Blob([`${lines.join("\n")}\n`]));
  content.set("classes.txt", new Blob([`${used.join("\n")}\n`]));
  return { name: "photographs", content };
}

/** A file name whose part before the ending no other photograph has: masks are named after it. */
function freeFileName(name: string, stems: Set<string>): string {
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  let free = stem;
  for (let n = 2; stems.has(free.toLowerCase()); n++) free = `${stem}-${n}`;
  stems.add(free.toLowerCase());
  return free + ending;
}
