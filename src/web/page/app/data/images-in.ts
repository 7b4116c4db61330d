import type { DroppedFolder } from "../../../../host/web/files/dropped.ts";

const imageNames = /\.(png|jpe?g|webp|avif|gif|bmp|ppm|pgm|tiff?)$/i;

/** All images of a folder, those of folders in it included; other files are left out. */
export async function imagesIn({ content }: DroppedFolder): Promise<File[]> {
  if (content instanceof FileSystemDirectoryHandle) return filesOf(content);
  return [...content].flatMap(([path, file]) =>
    file instanceof File && isImage(path.split("/").at(-1)!) ? [file] : [],
  );
}

async function filesOf(folder: FileSystemDirectoryHandle): Promise<File[]> {
  const files: File[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "directory")
      files.push(...(await filesOf(handle as FileSystemDirectoryHandle))); // prettier-ignore
    else if (isImage(name)) files.push(await (handle as FileSystemFileHandle).getFile());
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isImage(name: string): boolean {
  return imageNames.test(name) && !name.startsWith(".");
}
