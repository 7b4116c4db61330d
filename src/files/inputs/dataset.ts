import type { FileHost } from "../../host/host.ts";
import type { Sample } from "../../method/data/sample.ts";
import { openListing, type OpenedDataset, type OpenOptions } from "../datasets/open.ts";
import { ImageList } from "../datasets/listing/image-list.ts";
import type { LayoutName, Problem, TagLine } from "../datasets/listing/listing.ts";
import { hasTags, TagLines } from "../datasets/tags/lines.ts";
import { parseJson } from "../text/parse-json.ts";
import { UserError } from "../../user-error.ts";
import type { InputItem } from "./item.ts";
import { isTable, itemOfName, readNames } from "./name-list.ts";
import type { SampleText, TarSample } from "./tar-samples.ts";
import { readTars } from "./tars.ts";

/** Tagged images that lie in tars or come through a command. */
export interface InputDataset {
  readonly data: OpenedDataset;
  readonly items: readonly InputItem[];
  /** The image of a sample of `data`. */
  itemOf(sample: Sample): InputItem;
}

type InputOptions = Omit<OpenOptions, "onProgress" | "training" | "split">;

/** An image and its tags, which are undefined if it has none. */
interface Tagged extends Partial<Pick<TagLine, "split" | "line">> {
  readonly item: InputItem;
  readonly tags: readonly string[] | undefined;
  /** The file that lists it. */
  readonly from: string;
}

/**
 * Opens the images of tars, with the tags that stand beside each in a `.json` with a list `tags`, or in a `.txt` with semicolons
 * between them.
 * @param root what was asked for, for messages
 */
export async function openTars(
  host: FileHost,
  root: string,
  tars: readonly string[],
  { alone, ...options }: InputOptions & { readonly alone: boolean },
): Promise<InputDataset> {
  const { samples, problems } = await readTars(host.store, tars, { alone, texts: true });
  const tagged: Tagged[] = [];
  const found: Problem[] = [...problems];
  const reader = new SampleTags();
  for (const sample of samples) {
    const tags = reader.read(sample);
    if (tags && "message" in tags) found.push(tags);
    else tagged.push({ item: sample.item, from: sample.item.at!.tar, ...(tags ?? { tags }) });
  }
  return open(host, root, { format: "tars", tagged, problems: found }, options);
}

/** Opens the images of a table of names and tags, which a command gives. */
export async function openNames(
  host: FileHost,
  list: string,
  options: InputOptions,
): Promise<InputDataset> {
  if (!isTable(list)) {
    throw new UserError(`${list}: is a list without tags; a table with the columns file and tags is needed`, {
      remedies: [{ kind: "job", name: "segment", purpose: "needs no tags" }],
    }); // prettier-ignore
  }
  const { lines, problems } = await readNames(host.store, list);
  const tagged = lines.map(({ file, ...line }): Tagged => ({
    ...line,
    item: itemOfName(file),
    from: list,
  }));
  return open(host, list, { format: "names", tagged, problems }, options);
}

async function open(
  host: FileHost,
  root: string,
  { format, tagged, problems }: { format: LayoutName; tagged: readonly Tagged[]; problems: readonly Problem[] }, // prettier-ignore
  options: InputOptions,
): Promise<InputDataset> {
  const images = new ImageList();
  const byFile = new Map<string, InputItem>();
  const hasSplits = tagged.some(({ split }) => split !== undefined);
  for (const { item, tags, split, from, line } of tagged) {
    byFile.set(item.file, item);
    images.push({
      ...{ file: item.file, place: item.file, folder: "", from, line },
      ...{ tags: tags ?? [], untagged: tags === undefined },
      split: split ?? (hasSplits ? undefined : "all"),
    });
  }
  const distinct = byFile.size === tagged.length;
  const listing = { format, images: images.finish(), distinct, problems };
  // Headers would be read from tars all over the disk, or by running a command for each.
  const data = await openListing(host, root, listing, { ...options, headers: false });
  // Data sets have their images by absolute paths.
  const folder = host.store.absolute("x").length - 1;
  const itemOf = ({ image }: Sample): InputItem => byFile.get(image.slice(folder))!;
  return { data, items: [...byFile.values()], itemOf };
}

/** Reads the tags in the texts of samples; equal lists of tags are one array. */
class SampleTags {
  private latest: TagLine | undefined;
  private readonly lines = new TagLines("", {
    take: (line) => (this.latest = line),
    clear: () => undefined,
  });

  /** Tags and split of a sample, a problem with them, or undefined if it has none. */
  read({ item, json, txt, cls }: TarSample): Pick<TagLine, "tags" | "split"> | Problem | undefined {
    const fields = json && asJson(json);
    if (fields && "message" in fields) return fields;
    if (json && hasTags(fields?.value)) {
      const file = item.file;
      return this.take({ ...(fields!.value as object), file }, json);
    }
    if (txt) {
      const tags = txt.text.replace(/^\uFEFF/, "").trim().split(/\r?\n/).join(";"); // prettier-ignore
      return this.take({ file: item.file, tags }, txt);
    }
    if (!cls) return undefined;
    const message =
      "has only a .cls, which holds the number of a class and no name; put the tags into a .json or .txt";
    return { severity: "warning", file: item.file, message, leftOut: true };
  }

  private take(value: object, { file }: SampleText): Pick<TagLine, "tags" | "split"> | Problem {
    this.latest = undefined;
    this.lines.add(value);
    const problem = this.lines.problems.pop();
    if (problem) return leftOut(file, problem.message);
    const { tags, split } = this.latest! as TagLine;
    return { tags, split };
  }
}

/** The content of a text of JSON; a problem if it is none. */
function asJson({ file, text }: SampleText): { readonly value: unknown } | Problem {
  try {
    return { value: parseJson(text.replace(/^\uFEFF/, "")) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return leftOut(file, `not readable as JSON: ${error.message}`);
  }
}

function leftOut(file: string, message: string): Problem {
  return { severity: "warning", file, message: `${message}; the image is left out`, leftOut: true };
}
