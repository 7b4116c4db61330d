import { constants } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { UserError } from "../../user-error.ts";
import { describeFileError } from "../../host/node/files/atomic-file.ts";
import { makeFolder } from "../../host/node/files/make-folder.ts";
import type { MaskRecord, WriterOptions } from "./writer.ts";

/** Copies an image into `images/`, under the name of its mask; a copy on write where the disk can. */
export async function copyImage(
  { name, source }: MaskRecord,
  { folder, claim, losses }: WriterOptions,
): Promise<void> {
  if (source === undefined) {
    losses.add("images/ lacks the image: its file is not known", name);
    return;
  }
  const path = join(folder, "images", `${name}${extname(source).toLowerCase()}`);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  await makeFolder(dirname(path));
  await claim(path);
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new UserError(`${source}: cannot be copied to ${path}: ${describeFileError(error)}`, {
      cause: error,
    });
  }
}
