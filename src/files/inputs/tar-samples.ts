import type { OpenFile, Store, TarMember } from "../../host/store.ts";
import { isImageName } from "../../method/images/image-name.ts";
import { leavesFolder } from "../text/file-name.ts";
import { basename } from "../text/path.ts";
import { counted } from "../text/units.ts";
import { crc32c } from "../run/crc32c.ts";
import type { Problem } from "../datasets/listing/listing.ts";
import type { InputItem } from "./item.ts";

/** Largest file of tags. */
const largestText = 2 ** 20;

/** A member of a sample that is read when the tar is listed. */
export interface SampleText {
  /** Address of the member, for messages. */
  readonly file: string;
  readonly text: string;
}

/** An image of a tar, with what lies beside it. */
export interface TarSample {
  readonly item: InputItem;
  readonly json?: SampleText;
  readonly txt?: SampleText;
  /** Whether it has a class by number. */
  readonly cls: boolean;
}

export interface TarSamplesOptions {
  /** Put before the keys of the samples to get their names: "000/". */
  readonly prefix: string;
  /** Read the texts beside the images, which may hold tags. */
  readonly texts: boolean;
}

/** The members of a sample that matter here. */
interface Members {
  images: { readonly ending: string; readonly path: string; readonly item: InputItem }[];
  json?: SampleText;
  txt?: SampleText;
  cls: boolean;
}

/**
 * The samples of a tar in the way of WebDataset: members whose paths agree up to the first dot of the file name, of which one is
 * an image. Only headers and the texts asked for are read.
 */
export async function readTarSamples(
  store: Store,
  tar: string,
  { prefix, texts }: TarSamplesOptions,
): Promise<{ readonly samples: readonly TarSample[]; readonly problems: readonly Problem[] }> {
  const findings = new Findings(tar);
  const samples = new Map<string, Members>();
  const source = await store.open(tar);
  try {
    for await (const member of store.tarMembers(source)) {
      const path = findings.pathOf(member);
      if (path === undefined) continue;
      const name = basename(path);
      const dot = name.indexOf(".");
      if (dot < 0) continue;
      const key = path.slice(0, path.length - name.length + dot);
      const ending = name.slice(dot + 1).toLowerCase();
      let sample = samples.get(key);
      if (!sample) samples.set(key, (sample = { images: [], cls: false }));
      const file = `${tar}/${path}`;
      if (isImageName(name)) {
        const { offset, size } = member;
        const at = { tar, offset, size, header: crc32c(member.header) };
        const image = { ending, path, item: { name: prefix + key, file, at } };
        const other = sample.images.findIndex((one) => one.path === path);
        // As when a tar is unpacked, the later one takes the place of the earlier.
        if (other >= 0) findings.add("is there twice, and the later one counts", path);
        if (other >= 0) sample.images[other] = image;
        else sample.images.push(image);
      } else if (ending === "cls") sample.cls = true;
      else if (texts && (ending === "json" || ending === "txt")) {
        const text = await findings.textOf(source, member, path);
        if (text !== undefined) sample[ending] = { file, text };
      }
    }
  } finally {
    await source.close();
  }
  const found = [...samples.values()].flatMap((members) => toSample(members, findings) ?? []);
  return { samples: found, problems: findings.list() };
}

/** The sample of some members; undefined if none is an image. */
function toSample(members: Members, findings: Findings): TarSample | undefined {
  const { images, ...others } = members;
  // Beside `a.jpg`, `a.seg.png` is something else; alone, it is the image.
  const plain = images.filter(({ ending }) => !ending.includes("."));
  const [image, ...more] = plain.length > 0 ? plain : images;
  if (!image) return undefined;
  for (const { path } of more) {
    findings.add(
      "is left out, as a sample has one image, and another has the same name up to its first dot",
      path,
      { leftOut: true },
    );
  }
  return { item: image.item, ...others };
}

/** What there is to say of the members of a tar, each kind once with its number. */
class Findings {
  private readonly kinds = new Map<string, { count: number; first: string; leftOut: boolean }>();

  constructor(private readonly tar: string) {}

  add(what: string, path: string, { leftOut = false } = {}): void {
    const kind = this.kinds.get(what);
    if (kind) kind.count++;
    else this.kinds.set(what, { count: 1, first: path, leftOut });
  }

  list(): Problem[] {
    return [...this.kinds].map(([what, { count, first, leftOut }]) => ({
      ...{ severity: "warning", file: this.tar, leftOut },
      message: `"${first}" ${what}${count > 1 ? ` (one of ${counted(count, "such member")})` : ""}`,
    }));
  }

  /** The path of a file in the tar without `./` or `/` before it; undefined for what is not used. */
  pathOf({ name, kind }: TarMember): string | undefined {
    const path = name.replace(/^\/+/, "").replaceAll(/(?<=^|\/)(\.\/+)+/g, "");
    if (kind === "folder" || isHidden(path)) return undefined;
    const leftOut = { leftOut: isImageName(path) };
    if (kind === "file" && !leavesFolder(path)) return path;
    if (kind === "file") this.add("leads out of the tar and is left out", name, leftOut);
    else if (kind !== "other") this.add(`is a ${titles[kind]} and is left out`, path, leftOut);
    return undefined;
  }

  /** A text beside an image. */
  async textOf(source: OpenFile, member: TarMember, path: string): Promise<string | undefined> {
    const { offset, size } = member;
    if (size > largestText) {
      this.add(`has more than ${largestText} bytes and is not read for tags`, path);
      return undefined;
    }
    return new TextDecoder().decode(await source.read(offset, size));
  }
}

const titles = { link: "link, which is not followed,", sparse: "sparse file" } as const;

/** Whether a file or a folder above it is hidden, or is one that macOS adds to archives. */
function isHidden(path: string): boolean {
  return path.split("/").some((part) => /^\.(?!\.)/.test(part) || part === "__MACOSX");
}
