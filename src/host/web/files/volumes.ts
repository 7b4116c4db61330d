import { UserError } from "../../../user-error.ts";
import type { DroppedFolder } from "./dropped.ts";
import { HandleVolume } from "./handle-volume.ts";
import { MemoryVolume } from "./memory-volume.ts";
import type { Path } from "./path.ts";
import type { Volume, VolumeWriting } from "./volume.ts";

/** Folders of the root in which other places appear. */
export const droppedFolder = "dropped";
export const memoryFolder = "memory";

/** Where the files of a page are; it can be sent to workers. */
export interface VolumesSetup {
  /** Folder of the page's storage (OPFS) that is the root; with null the root is in memory. */
  readonly storage: string | null;
  /** Read-only folders, by their names in `/dropped`. */
  readonly dropped: readonly DroppedFolder[];
}

/**
 * The places that the paths of a page lead to: `/dropped/NAME` to folders that were dropped or are given as files in memory,
 * `/memory` to what is gone with the page, everything else to the storage of the page.
 */
export class Volumes {
  private root: Promise<Volume> | undefined;
  private readonly memory = new MemoryVolume(undefined, { writable: true });
  private readonly dropped = new Map<string, { folder: DroppedFolder; volume: Volume }>();
  private readonly storage: string | null;

  constructor({ storage, dropped }: VolumesSetup) {
    this.storage = storage;
    for (const folder of dropped) this.add(folder);
  }

  /** What a worker needs to see the same files; those in `/memory` are not among them. */
  get setup(): VolumesSetup {
    return { storage: this.storage, dropped: [...this.dropped.values()].map((one) => one.folder) };
  }

  /** Adds a read-only folder; returns its path, with a number behind a name that is taken. */
  add({ name: wanted, content }: DroppedFolder): string {
    const base = wanted.replaceAll("/", "_") || "folder";
    let name = base;
    for (let i = 2; this.dropped.has(name); i++) name = `${base}-${i}`;
    if (content instanceof FileSystemDirectoryHandle) {
      const volume = new HandleVolume(content);
      this.dropped.set(name, { folder: { name, content }, volume });
    } else {
      // As files, which workers share instead of copying them.
      const files = new Map(
        [...content].map(([path, part]) => [path, part instanceof Blob ? part : blobOf(part)]),
      );
      const volume = new MemoryVolume(files);
      this.dropped.set(name, { folder: { name, content: files }, volume });
    }
    return `/${droppedFolder}/${name}`;
  }

  /** Forgets a folder that `add` returned the path of. */
  remove(path: string): void {
    this.dropped.delete(path.slice(droppedFolder.length + 2));
  }

  /** The place of a path, and the rest of the path in it; undefined for a dropped folder that is not there. */
  async of(path: Path): Promise<{ volume: Volume; rest: Path } | undefined> {
    const [first, second] = path;
    if (first === memoryFolder) return { volume: this.memory, rest: path.slice(1) };
    if (first !== droppedFolder)
      return { volume: await (this.root ??= this.openRoot()), rest: path };
    const found = second === undefined ? undefined : this.dropped.get(second);
    return found && { volume: found.volume, rest: path.slice(2) };
  }

  /** How to write at a path; a UserError where nothing can be written. */
  async writing(path: Path): Promise<{ writing: VolumeWriting; rest: Path }> {
    const place = await this.of(path);
    if (place?.volume.writing) return { writing: place.volume.writing, rest: place.rest };
    throw new UserError(
      `/${path.join("/")}: cannot be written: folders that were dropped are only read; write to another path`,
    );
  }

  private async openRoot(): Promise<Volume> {
    if (this.storage === null) return new MemoryVolume(undefined, { writable: true });
    const storage = (navigator as Partial<Navigator>).storage;
    if (!storage || !("getDirectory" in storage)) {
      throw new UserError(
        "storage: this browser gives the page no storage for files, as in a private window or over plain http; open the page " +
          "over https, or keep the files in memory",
        { code: "no-storage" },
      );
    }
    try {
      const root = await storage.getDirectory();
      const folder = await root.getDirectoryHandle(this.storage, { create: true });
      return new HandleVolume(folder, { writable: true });
    } catch (error) {
      throw new UserError(
        `storage: the browser does not open the storage of this page (${String(error)}); allow it to store data, or keep the files in memory`,
        { code: "no-storage", cause: error },
      );
    }
  }
}

function blobOf(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}
