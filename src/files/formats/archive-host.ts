import { bytesSource } from "../../host/byte-source.ts";
import type { ImageCodec, ImageSource } from "../../host/codec.ts";
import type { FileHost } from "../../host/host.ts";
import type { ArchiveReader, FolderContent, Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { join } from "../text/path.ts";

/** Most bytes of a file in an archive that is unpacked into memory. */
const unpackLimit = 512 * 1024 * 1024;

/** A host that shows an archive as a folder at the archive's path, to be read only; all other paths are its own. */
export function archiveHost(
  { store, codec }: FileHost,
  path: string,
  archive: ArchiveReader,
): FileHost {
  const folder = new ArchiveFolder(path, archive);
  return { store: archiveStore(store, folder), codec: archiveCodec(codec, folder) };
}

/** The folder of an archive that holds everything: the archive itself, or the only folder in it, and so on. */
export async function topFolder(store: Store, path: string): Promise<string> {
  const { folders, files } = await store.list(path);
  const [only, ...others] = folders;
  const holdsOne = only !== undefined && others.length === 0 && files.length === 0;
  // Folders of these names belong to the layout of a data set.
  const isLayout = only !== undefined && /^(labels|masks|annotations|SegmentationClass)$/i.test(only); // prettier-ignore
  return holdsOne && !isLayout ? topFolder(store, join(path, only)) : path;
}

/** The files of an archive by the paths that they have below it. */
class ArchiveFolder {
  private readonly names = new Map<string, string>();
  private readonly folders = new Map<string, { folders: Set<string>; files: string[] }>();
  /** The file that was read last, as annotations are read again for every image. */
  private last: { readonly path: string; readonly bytes: Promise<Uint8Array> } | undefined;

  constructor(
    private readonly root: string,
    private readonly archive: ArchiveReader,
  ) {
    this.folders.set(join(root), { folders: new Set(), files: [] });
    for (const name of archive.names) this.add(name);
  }

  private add(name: string): void {
    const parts = name.replaceAll("\\", "/").split("/");
    // Hidden files, and what macOS adds to the archives that it makes.
    if (parts.some((part) => part === "" || part.startsWith(".") || part === "__MACOSX")) return;
    let folder = join(this.root);
    parts.forEach((part, i) => {
      const content = this.folders.get(folder)!;
      const path = join(folder, part);
      if (i === parts.length - 1) {
        content.files.push(part);
        this.names.set(path, name);
      } else {
        content.folders.add(part);
        if (!this.folders.has(path)) this.folders.set(path, { folders: new Set(), files: [] });
        folder = path;
      }
    });
  }

  /** Whether a path lies in the archive, or is its own. */
  has(path: string): boolean {
    const top = join(this.root);
    return join(path) === top || join(path).startsWith(`${top}/`);
  }

  isFile(path: string): boolean {
    return this.names.has(join(path));
  }

  content(path: string): FolderContent | undefined {
    const content = this.folders.get(join(path));
    return content && { folders: [...content.folders].sort(), files: [...content.files].sort() };
  }

  read(path: string): Promise<Uint8Array> {
    const name = this.names.get(join(path));
    if (name === undefined) return Promise.reject(new UserError(`${path}: no such file`));
    if (this.last?.path !== name) {
      this.last = { path: name, bytes: this.archive.read(name, unpackLimit) };
    }
    return this.last.bytes;
  }
}

function archiveStore(store: Store, folder: ArchiveFolder): Store {
  return {
    ...store,
    async list(path, options) {
      if (!folder.has(path)) return store.list(path, options);
      const content = folder.content(path);
      if (content) return content;
      throw new UserError(`${path}: no such folder`);
    },
    async stat(path) {
      if (!folder.has(path)) return store.stat(path);
      // The size is checked when the file is unpacked.
      if (folder.isFile(path)) return { kind: "file", size: 0, modified: 0 };
      return folder.content(path) && { kind: "folder", size: 0, modified: 0 };
    },
    exists: async (path) =>
      folder.has(path)
        ? folder.isFile(path) || folder.content(path) !== undefined
        : store.exists(path),
    async open(path) {
      if (!folder.has(path)) return store.open(path);
      const source = bytesSource(await folder.read(path), path);
      const read = (offset: number, length: number): Promise<Uint8Array> =>
        source.read(offset, length);
      return { name: path, size: source.size, read, close: () => Promise.resolve() };
    },
    read: (path) => (folder.has(path) ? folder.read(path) : store.read(path)),
    readText: async (path) =>
      folder.has(path) ? new TextDecoder().decode(await folder.read(path)) : store.readText(path),
    async *pieces(path, bytes) {
      if (folder.has(path)) yield await folder.read(path);
      else yield* store.pieces(path, bytes);
    },
  };
}

function archiveCodec(codec: ImageCodec, folder: ArchiveFolder): ImageCodec {
  const unpacked = async (source: ImageSource): Promise<ImageSource> =>
    typeof source === "string" && folder.has(source)
      ? { bytes: await folder.read(source), name: source }
      : source;
  return {
    header: async (source) => codec.header(await unpacked(source)),
    decode: async (source, options) => codec.decode(await unpacked(source), options),
    decodeLabels: async (source) => codec.decodeLabels(await unpacked(source)),
    encode: (image, format, options) => codec.encode(image, format, options),
    encodeLabels: (labels) => codec.encodeLabels(labels),
    thumbnail: (source, side) => codec.thumbnail(source, side),
    rasterize: (svg) => codec.rasterize(svg),
  };
}
