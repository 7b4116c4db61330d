import { classesJson } from "../../../files/formats/classes-file.ts";
import { classesBeside } from "../../../files/formats/source-classes.ts";
import { join } from "../../../files/text/path.ts";
import type { Store } from "../../../host/store.ts";
import { maxClasses } from "../../../method/images/classes.ts";
import { ignoreIndex } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import type { Images } from "../studio.ts";

type ProjectClasses = Pick<Images, "classes" | "classOf" | "complete">;

/**
 * The classes of the correction files, `classes.json` beside them: a list of its own that only grows, so that the labels of files stay
 * right whatever happens to the classes of the project. It has the classes that were painted, since a training refuses files of
 * classes that the data does not have.
 */
export class CorrectionClasses {
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly images: ProjectClasses,
    private names: readonly string[],
  ) {}

  /** @param hasFiles whether there are correction files: without a list beside them, they have the project's numbers */
  static async open(
    store: Store,
    folder: string,
    images: ProjectClasses,
    hasFiles: boolean,
  ): Promise<CorrectionClasses> {
    const stored = await classesBeside(store, folder, true);
    const list = new CorrectionClasses(store, folder, images, stored ?? []);
    if (!stored && hasFiles) await list.write(images.classes);
    return list;
  }

  get all(): readonly string[] {
    return this.names;
  }

  /** Name of a label in correction files, as in scores. */
  nameOf(label: number): string {
    return label === 0 ? "background" : this.names[label - 1]!;
  }

  /** The label in correction files for each label of the project; classes of these labels that are missing are added to the file first. */
  async fromProject(labels: readonly number[]): Promise<Uint8Array> {
    const painted = labels
      .filter((label) => label !== 0 && label !== ignoreIndex)
      .map((label) => this.images.classes[label - 1]!);
    await this.add(painted);
    const table = new Uint8Array(256).fill(ignoreIndex);
    table[0] = 0;
    this.images.classes.forEach((name, i) => {
      const index = this.names.indexOf(name);
      if (index >= 0) table[i + 1] = index + 1;
    });
    return table;
  }

  /** The project's label for each label of correction files. */
  async toProject(): Promise<Uint8Array> {
    const { classes } = this.images;
    // While images are listed, a class may only seem to be missing.
    if (this.names.some((name) => !classes.includes(name))) await this.images.complete;
    const table = new Uint8Array(256).fill(ignoreIndex);
    table[0] = 0;
    this.names.forEach((name, i) => (table[i + 1] = this.images.classOf(name) + 1));
    return table;
  }

  private async add(wanted: readonly string[]): Promise<void> {
    const adding = this.writing.then(async () => {
      const added = [...new Set(wanted)].filter((name) => !this.names.includes(name));
      if (added.length > 0) await this.write([...this.names, ...added]);
    });
    this.writing = adding.catch(() => undefined);
    await adding;
  }

  private async write(names: readonly string[]): Promise<void> {
    if (names.length > maxClasses) {
      throw new UserError(
        `${this.folder}: corrected masks have ${names.length} classes, but files of masks can have ${maxClasses}`,
      );
    }
    const path = join(this.folder, "classes.json");
    await this.store.write([{ path, data: classesJson(names) }]);
    this.names = names;
  }
}
