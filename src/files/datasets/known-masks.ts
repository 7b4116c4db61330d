import { nearest } from "../../method/config/nearest.ts";
import type { KnownMask } from "../../method/data/known-mask.ts";
import type { Sample } from "../../method/data/sample.ts";
import type { FileHost } from "../../host/host.ts";
import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { listPngs } from "../formats/png/read.ts";
import { classesBeside } from "../formats/source-classes.ts";
import { isFolder } from "../text/folders.ts";
import { join, stem } from "../text/path.ts";
import { counted } from "../text/units.ts";
import { safeName } from "./arrange.ts";
import type { OpenedDataset } from "./open.ts";

/** Folder of the corrected masks of a data set, below its own. */
export const correctionsFolder = ".tag2mask/corrections";

export interface KnownMasksOptions {
  /** Folder of palette PNGs, named like the images, instead of the data set's own masks and corrections. */
  readonly folder?: string | undefined;
  /** Whether the data set's corrections count, each before the mask of its image; true by default. */
  readonly corrections?: boolean;
}

/** Masks in one folder by the names of the samples they belong to. */
type ByName = ReadonlyMap<string, KnownMask>;

/** The masks of training images whose labels train along with the tags (method 2.15). */
export class KnownMasks {
  /** Training images with a mask. */
  readonly count: number;
  /** Those of them whose mask is a correction. */
  readonly corrections: number;
  /** Masks in the folder, or corrections, whose images are not trained on. */
  readonly unused: number;

  private constructor(
    private readonly data: OpenedDataset,
    /** Folder given instead of the data set's own masks. */
    readonly folder: string | undefined,
    private readonly files: ByName,
  ) {
    const samples = trainingSamples(data);
    const matched = samples.filter(({ name }) => files.has(name)).length;
    this.count = samples.filter((sample) => this.of(sample)).length;
    this.corrections = folder === undefined ? matched : 0;
    this.unused = files.size - matched;
  }

  /**
   * Finds the masks of a data set's training images: those in a folder, or the data set's own and its corrections in
   * `.tag2mask/corrections`. A UserError if the folder has other classes, another format or no mask of a training image.
   */
  static async find(
    { store }: Pick<FileHost, "store">,
    data: OpenedDataset,
    { folder, corrections = true }: KnownMasksOptions = {},
  ): Promise<KnownMasks> {
    if (folder === undefined) {
      const files = corrections ? await readCorrections(store, data) : new Map<string, KnownMask>();
      return new KnownMasks(data, undefined, files);
    }
    if (!(await isFolder(store, folder))) throw new UserError(`${folder}: no such folder`);
    const { openPaletteMasks } = await import("../formats/open.ts");
    const masks = await openPaletteMasks(store, folder);
    const files = await masksByName(store, masks.folder, labelsOf(masks.classes, data, folder));
    const known = new KnownMasks(data, folder, files);
    if (known.count > 0) return known;
    const [image] = trainingSamples(data);
    const [mask] = files.values();
    throw new UserError(
      `${folder}: no mask of its ${files.size} is named like one of the training images of ${data.root}` +
        (mask && image ? `: ${mask.where} against ${image.image}` : ""),
    );
  }

  /** The mask of an image; undefined if there is none. */
  of(sample: Sample): KnownMask | undefined {
    const file = this.files.get(sample.name);
    if (file || this.folder !== undefined || sample.mask === undefined) return file;
    const { classes, drawsMasks, reader, maskClasses } = this.data;
    return {
      where: sample.mask,
      labels: maskClasses?.labels ?? identity(classes),
      ...(drawsMasks === true && { read: () => reader.readMask(sample) }),
    };
  }

  /** Throws a UserError if no training image has a mask. */
  requireAny(): void {
    if (this.count > 0) return;
    const { root, heldOut, splits } = this.data;
    const others = Object.values(splits)
      .flat()
      .filter(({ mask }) => mask !== undefined).length;
    const reason =
      others > 0 && heldOut
        ? `all ${counted(others, "image")} with a mask are held out for validation, because the data set names no splits; ` +
          'name some of them "train" in the column "split" of its list of tags'
        : `put palette PNGs named like the images into its masks folder or into ${correctionsFolder}`;
    throw new UserError(`${root}: no training image has a mask to train on; ${reason}`, {
      code: "no-masks",
    });
  }
}

/** The images that are trained on: one without tags would teach that it contains no class at all. */
export function trainingSamples({ splits }: Pick<OpenedDataset, "splits">): readonly Sample[] {
  return (splits["train"] ?? []).filter(({ untagged }) => !untagged);
}

async function readCorrections(store: Store, data: OpenedDataset): Promise<ByName> {
  const folder = join(data.root, correctionsFolder);
  if (!(await isFolder(store, folder))) return new Map();
  const classes = await classesBeside(store, folder, true);
  return masksByName(store, folder, labelsOf(classes, data, folder));
}

async function masksByName(
  store: Store,
  folder: string,
  labels: readonly number[],
): Promise<ByName> {
  const files = await listPngs(store, folder);
  return new Map(
    files.map((file) => {
      const where = store.absolute(join(folder, file));
      return [safeName(stem(file)), { where, labels }];
    }),
  );
}

/** The data set's label for each label of masks with these classes; without names the data set's own. */
function labelsOf(
  names: readonly string[] | undefined,
  { root, classes }: OpenedDataset,
  folder: string,
): readonly number[] {
  if (!names) return identity(classes);
  const missing = names.find((name) => !classes.includes(name));
  if (missing === undefined) return [0, ...names.map((name) => classes.indexOf(name) + 1)];
  const guess = nearest(missing, classes);
  throw new UserError(
    `${folder}: its masks have the class "${missing}", but the classes of ${root} are ${classes.join(", ")}` +
      `${guess === undefined ? "" : `; did you mean "${guess}"?`}`,
    { code: "other-classes" },
  );
}

function identity(classes: readonly string[]): readonly number[] {
  return Array.from({ length: classes.length + 1 }, (_, label) => label);
}
