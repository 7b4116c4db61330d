import { folderZip, zipBlob } from "../../../browser/blobs.ts";
import { exportModelBlobs } from "../../../browser/export-blobs.ts";
import { openModel } from "../../../jobs/open-model.ts";
import type { Luggage, NamedFile } from "../protocol.ts";
import { host } from "./host.ts";
import { withImages } from "./images.ts";
import { runFolder } from "./places.ts";

/** A run, or what is made of it, as a file to save. */
export async function takeAlong({
  run,
  what,
}: {
  readonly run: string;
  readonly what: Luggage;
}): Promise<NamedFile> {
  if (what === "run") return { name: `${run}.zip`, blob: await folderZip(host, runFolder(run)) };
  if (what === "images") {
    const blob = await withImages(run, (folder) => folderZip(host, folder));
    return { name: `${run}-images.zip`, blob };
  }
  const model = await openModel(host.store, runFolder(run));
  if (what === "transformersjs") {
    const { files } = await exportModelBlobs(host, model, { format: what, name: run });
    return { name: `${run}-transformersjs.zip`, blob: await zipBlob(files) };
  }
  const { files } = await exportModelBlobs(host, model, { format: what, name: `${run}.${what}` });
  return files.at(-1)!;
}
