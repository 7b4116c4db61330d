import { isImageName } from "../../../method/images/image-name.ts";

/** Places of the columns in a record. */
export interface Columns {
  readonly file: number;
  /** Columns with tags. */
  readonly tags: readonly number[];
  /** -1 without such a column. */
  readonly split: number;
  /** Whether each column of `tags` is a class, with 1 for the images that show it. */
  readonly isOneHot: boolean;
  /** Names of the columns that are not read. */
  readonly unused: readonly string[];
}

/** Names of columns as people and tools write them, without case, blanks and marks; the first that a table has counts. */
const [fileNames, tagNames, splitNames] = [
  [
    ...["file", "filename", "filepath", "image", "imagename", "imagefile", "imagepath", "imageid"],
    ...["imageindex", "img", "imgname", "imgpath", "path", "name", "id"],
  ],
  [
    ...[
      "tags",
      "tag",
      "labels",
      "label",
      "classes",
      "class",
      "classname",
      "classnames",
      "category",
    ],
    ...["categories", "findinglabels"],
  ],
  ["split", "subset", "set", "partition"],
] as const;

/** Columns beside those of classes that tools write, and pandas' index. */
const knownOthers: ReadonlySet<string> = new Set([
  ...["width", "height", "xmin", "ymin", "xmax", "ymax", "url", "date", "timestamp", "index"],
  ...["unnamed0", "size", "labelid", "classid", "imageid", "id"],
]);

/** Names of splits, by which a table without a header shows its column of splits. */
const splits: ReadonlySet<string> = new Set(["train", "val", "valid", "validation", "test"]);

function key(name: string): string {
  return name.toLowerCase().replace(/[\s_\-.:]/g, "");
}

/** The columns that a header names; undefined if it names no column of images, or none that could hold tags. */
export function columnsOf(header: readonly string[]): Columns | undefined {
  const keys = header.map(key);
  const find = (names: readonly string[]): number => {
    const name = names.find((one) => keys.includes(one));
    return name === undefined ? -1 : keys.indexOf(name);
  };
  const [file, first, split] = [find(fileNames), find(tagNames), find(splitNames)];
  if (file < 0) return undefined;
  const others = keys.flatMap((name, i) => (name === "" || i === file || i === split ? [] : [i]));
  if (first >= 0) {
    const tags = [first];
    // Columns without a name that follow hold further tags.
    while (keys[tags.at(-1)! + 1] === "") tags.push(tags.at(-1)! + 1);
    const unused = others.filter((i) => !tags.includes(i)).map((i) => header[i]!);
    return { file, tags, split, isOneHot: false, unused };
  }
  const tags = others.filter((i) => !knownOthers.has(keys[i]!));
  if (tags.length === 0) return undefined;
  const unused = others.filter((i) => !tags.includes(i)).map((i) => header[i]!);
  return { file, tags, split, isOneHot: true, unused };
}

/** The columns of a table without a header, by its first row; undefined unless one of its fields is an image's name. */
export function columnsOfRow(fields: readonly string[]): Columns | undefined {
  const file = fields.findIndex(isImageName);
  if (file < 0 || fields.length < 2) return undefined;
  const last = fields.length - 1;
  const hasSplit = last >= 2 && last !== file && splits.has(fields[last]!.toLowerCase());
  const split = hasSplit ? last : -1;
  const tags = fields.flatMap((_, i) => (i === file || i === split ? [] : [i]));
  return { file, tags, split, isOneHot: false, unused: [] };
}
