/** Flags and commands that files outside `cli` name, as `file -> word`. The list may only shrink. */
const flags: readonly string[] = [
  "files/datasets/layouts/detect.ts -> --data",
  "files/datasets/layouts/voc.ts -> --no-decode",
  "files/datasets/layouts/voc.ts -> --tags-out",
  "files/datasets/layouts/voc.ts -> tag2mask data",
  "files/datasets/open.ts -> tag2mask data",
];
export { flags };

/**
 * Imports that break the table of `architecture.test.ts` today, as `from -> to`. The lists may only shrink: the test fails
 * for an entry that is not needed any more.
 */
export const exceptions: {
  readonly rooms: readonly string[];
  readonly builtins: readonly string[];
} = {
  rooms: [
    "files/datasets/inspect.ts -> host/node/files/folder.ts",
    "files/datasets/inspect.ts -> host/node/images/images.ts",
    "files/datasets/layouts/class-folders.ts -> host/node/files/folder.ts",
    "files/datasets/layouts/coco.ts -> host/node/files/folder.ts",
    "files/datasets/layouts/coco.ts -> host/node/host.ts",
    "files/datasets/layouts/description.ts -> host/node/files/folder.ts",
    "files/datasets/layouts/detect.ts -> host/node/files/folder.ts",
    "files/datasets/layouts/lists.ts -> host/node/files/folder.ts",
    "files/datasets/layouts/named-splits.ts -> host/node/files/folder.ts",
    "files/datasets/layouts/plain.ts -> host/node/files/folder.ts",
    "files/datasets/layouts/voc.ts -> host/node/files/folder.ts",
    "files/datasets/listing/assemble.ts -> host/node/files/folder.ts",
    "files/datasets/listing/assemble.ts -> host/node/images/images.ts",
    "files/datasets/reader.ts -> host/node/images/images.ts",
    "files/datasets/tags/npy.ts -> host/node/files/file-error.ts",
    "files/datasets/tags/sources.ts -> host/node/files/folder.ts",
    "files/datasets/tags/sources.ts -> host/node/images/images.ts",
    "files/datasets/tags/write.ts -> host/node/files/atomic-file.ts",
    "files/datasets/write-scenes.ts -> host/node/files/atomic-file.ts",
    "files/datasets/write-scenes.ts -> host/node/files/folder.ts",
    "files/datasets/write-scenes.ts -> host/node/host.ts",
    "files/datasets/write-scenes.ts -> host/node/images/images.ts",
    "files/formats/coco/read.ts -> host/node/files/folder.ts",
    "files/formats/image-files.ts -> host/node/files/folder.ts",
    "files/formats/label-studio/read.ts -> host/node/files/folder.ts",
    "files/formats/png/read.ts -> host/node/files/folder.ts",
    "files/formats/yolo/read.ts -> host/node/files/folder.ts",
    "files/text/pieces.ts -> host/node/files/file-error.ts",
    "jobs/score-masks.ts -> host/node/files/folder.ts",
    "jobs/segment.ts -> host/node/files/folder.ts",
  ],
  builtins: [
    "files/datasets/inspect.ts -> node:os",
    "files/datasets/layouts/class-folders.ts -> node:path",
    "files/datasets/layouts/coco.ts -> node:path",
    "files/datasets/layouts/description.ts -> node:path",
    "files/datasets/layouts/detect.ts -> node:path",
    "files/datasets/layouts/lists.ts -> node:path",
    "files/datasets/layouts/plain.ts -> node:path",
    "files/datasets/layouts/voc.ts -> node:path",
    "files/datasets/listing/assemble.ts -> node:path",
    "files/datasets/listing/entries.ts -> node:path",
    "files/datasets/listing/name-table.ts -> node:crypto",
    "files/datasets/tags/file.ts -> node:path",
    "files/datasets/tags/npy.ts -> node:fs/promises",
    "files/datasets/tags/sources.ts -> node:path",
    "files/datasets/tags/write.ts -> node:path",
    "files/datasets/write-scenes.ts -> node:os",
    "files/datasets/write-scenes.ts -> node:path",
    "files/text/file-name.ts -> node:crypto",
    "files/text/pieces.ts -> node:fs",
    "files/text/pieces.ts -> node:fs/promises",
  ],
};
