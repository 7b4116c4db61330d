import { bytesSource } from "../../host/byte-source.ts";
import type { ImageCodec, ImageSource } from "../../host/codec.ts";
import type { FileHost } from "../../host/host.ts";
import type { FileInfo, FolderContent, Store } from "../../host/store.ts";
import type { Image } from "../../method/images/image.ts";
import { UserError } from "../../user-error.ts";

/** Files to be read at paths where the host has none, such as those in an archive. */
export interface Overlay {
  /** Whether a path is looked up here; all others are the host's. */
  has(path: string): boolean;
  /** Reads a file; a UserError where there is none. */
  read(path: string): Promise<Uint8Array>;
  stat(path: string): Promise<FileInfo | undefined>;
  /** Content of a folder; undefined where there is none. */
  list(path: string): FolderContent | undefined;
}

/** A host that shows the files of an overlay, to be read only; all other paths are its own. */
export function overlayHost<H extends FileHost>(host: H, overlay: Overlay): H {
  const { store, codec } = host;
  return { ...host, store: overlayStore(store, overlay), codec: overlayCodec(codec, overlay) };
}

function overlayStore(store: Store, overlay: Overlay): Store {
  return {
    ...store,
    async list(path, options) {
      if (!overlay.has(path)) return store.list(path, options);
      const content = overlay.list(path);
      if (content) return content;
      throw new UserError(`${path}: no such folder`);
    },
    stat: (path) => (overlay.has(path) ? overlay.stat(path) : store.stat(path)),
    exists: async (path) =>
      overlay.has(path) ? (await overlay.stat(path)) !== undefined : store.exists(path),
    async open(path) {
      if (!overlay.has(path)) return store.open(path);
      const source = bytesSource(await overlay.read(path), path);
      const read = (offset: number, length: number): Promise<Uint8Array> =>
        source.read(offset, length);
      return { name: path, size: source.size, read, close: () => Promise.resolve() };
    },
    read: (path) => (overlay.has(path) ? overlay.read(path) : store.read(path)),
    readText: async (path) =>
      overlay.has(path) ? new TextDecoder().decode(await overlay.read(path)) : store.readText(path),
    async *pieces(path, bytes) {
      if (overlay.has(path)) yield await overlay.read(path);
      else yield* store.pieces(path, bytes);
    },
    async copy(from, to) {
      if (!overlay.has(from)) return store.copy(from, to);
      await store.write([{ path: to, data: await overlay.read(from) }], { durable: false });
    },
  };
}

function overlayCodec(codec: ImageCodec, overlay: Overlay): ImageCodec {
  const found = async <S extends ImageSource | Image>(source: S): Promise<S | ImageSource> =>
    typeof source === "string" && overlay.has(source)
      ? { bytes: await overlay.read(source), name: source }
      : source;
  return {
    header: async (source) => codec.header(await found(source)),
    decode: async (source, options) => codec.decode(await found(source), options),
    decodeLabels: async (source) => codec.decodeLabels(await found(source)),
    encode: (image, format, options) => codec.encode(image, format, options),
    encodeLabels: (labels) => codec.encodeLabels(labels),
    thumbnail: async (source, side) => codec.thumbnail(await found(source), side),
    rasterize: (svg) => codec.rasterize(svg),
  };
}
