import type { FolderContent } from "../../store.ts";
import { textOf, type Path } from "./path.ts";
import type { FileWriter, Found, Volume, VolumeWriting } from "./volume.ts";

/** Files by their paths with `/`, such as those of a dropped folder. */
export type FileMap = ReadonlyMap<string, Blob | Uint8Array>;

/** Files in memory, or handed over by the browser one by one. They last as long as the page. */
export class MemoryVolume implements Volume {
  private readonly files = new Map<string, File>();
  /** Folders and what is directly in them. */
  private readonly folders = new Map<string, { folders: Set<string>; files: Set<string> }>();
  readonly writing: VolumeWriting | undefined;

  constructor(files: FileMap = new Map(), { writable = false } = {}) {
    this.addFolder([]);
    for (const [path, content] of files) this.put(path.split("/").filter(Boolean), content);
    if (writable) this.writing = this.writer();
  }

  find(path: Path): Promise<Found> {
    const text = textOf(path);
    return Promise.resolve(this.folders.has(text) ? "folder" : this.files.get(text));
  }

  list(path: Path): Promise<FolderContent> {
    const content = this.folders.get(textOf(path));
    if (content)
      return Promise.resolve({ folders: [...content.folders], files: [...content.files] });
    const isFile = this.files.has(textOf(path));
    return Promise.reject(
      isFile
        ? new DOMException("a file", "TypeMismatchError")
        : new DOMException("none", "NotFoundError"),
    );
  }

  private put(path: Path, content: Blob | Uint8Array): void {
    if (this.folders.has(textOf(path))) throw new DOMException("a folder", "TypeMismatchError");
    const name = path.at(-1)!;
    const parts = content instanceof Blob ? [content] : [content as Uint8Array<ArrayBuffer>];
    const file = content instanceof File ? content : new File(parts, name, { type: "" });
    this.addFolder(path.slice(0, -1));
    this.files.set(textOf(path), file);
    this.folders.get(textOf(path.slice(0, -1)))!.files.add(name);
  }

  private addFolder(path: Path): void {
    const text = textOf(path);
    if (this.folders.has(text)) return;
    if (this.files.has(text)) throw new DOMException("a file", "TypeMismatchError");
    if (path.length > 0) {
      const parent = path.slice(0, -1);
      this.addFolder(parent);
      this.folders.get(textOf(parent))!.folders.add(path.at(-1)!);
    }
    this.folders.set(text, { folders: new Set(), files: new Set() });
  }

  private remove(path: Path): void {
    const text = textOf(path);
    const content = this.folders.get(text);
    if (content) {
      for (const name of [...content.folders, ...content.files]) this.remove([...path, name]);
      if (path.length === 0) return;
      this.folders.delete(text);
    }
    this.files.delete(text);
    const parent = this.folders.get(textOf(path.slice(0, -1)));
    parent?.files.delete(path.at(-1)!);
    parent?.folders.delete(path.at(-1)!);
  }

  private writer(): VolumeWriting {
    // Everything happens at once; `async` turns errors into rejections.
    return {
      makeFolder: async (path) => this.addFolder(path),
      create: async (path) => {
        this.put(path, new Uint8Array(0));
        return new BlobWriter([], (content) => this.put(path, content));
      },
      append: async (path, length) => {
        const old = this.files.get(textOf(path))?.slice(0, length);
        if (!old) this.put(path, new Uint8Array(0));
        return new BlobWriter(old ? [old] : [], (content) => this.put(path, content));
      },
      move: async (from, to) => {
        const file = this.files.get(textOf(from));
        if (!file) throw new DOMException("none", "NotFoundError");
        this.put(to, new File([file], to.at(-1)!));
        this.remove(from);
      },
      remove: async (path) => this.remove(path),
    };
  }
}

/** Collects a file and puts it where it belongs after each write: a blob of blobs copies nothing. */
class BlobWriter implements FileWriter {
  private content: Blob;

  constructor(
    parts: BlobPart[],
    private readonly put: (content: Blob) => void,
  ) {
    this.content = new Blob(parts);
    put(this.content);
  }

  get size(): number {
    return this.content.size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.content = new Blob([this.content, bytes as Uint8Array<ArrayBuffer>]);
    this.put(this.content);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
