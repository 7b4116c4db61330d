import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { listImages } from "../text/folders.ts";
import { tagsFileNames } from "../datasets/tags/file.ts";
import type { Problem } from "../datasets/listing/listing.ts";
import { basename, join, stem } from "../text/path.ts";
import { readTarSamples, type TarSample } from "./tar-samples.ts";

const tarName = /\.tar$/i;
const compressedTarName = /\.(tar\.(gz|bz2|xz|zst|lz4|z)|tgz|tbz2?|txz|tzst)$/i;

/** Whether a path has the name of a tar, compressed or not. */
export function isTarName(path: string): boolean {
  return tarName.test(path) || compressedTarName.test(path);
}

/** The tars in a folder that holds tars instead of images; undefined for other folders. */
export async function tarsInFolder(store: Store, folder: string): Promise<string[] | undefined> {
  const content = await store.list(folder);
  const tars = content.files.filter(isTarName);
  if (tars.length === 0) return undefined;
  const isDataset = content.files.some((file) => tagsFileNames.includes(file));
  if (isDataset || (await listImages(store, folder, { content })).length > 0) return undefined;
  return tars.map((file) => join(folder, file));
}

/** The samples of tars. @param alone whether nothing else is read: the names then need not tell the tar */
export async function readTars(
  store: Store,
  tars: readonly string[],
  { alone, texts }: { readonly alone: boolean; readonly texts: boolean },
): Promise<{ readonly samples: readonly TarSample[]; readonly problems: readonly Problem[] }> {
  const samples: TarSample[] = [];
  const problems: Problem[] = [];
  for (const tar of tars) {
    if (compressedTarName.test(tar)) {
      throw new UserError(
        `${tar}: is a compressed tar, whose images cannot be read one by one; unpack it to a .tar`,
        { code: "compressed-tar" },
      );
    }
    const prefix = alone ? "" : `${stem(basename(tar))}/`;
    const found = await readTarSamples(store, tar, { prefix, texts });
    if (found.samples.length === 0) throw noImages(tar, found.problems);
    for (const sample of found.samples) samples.push(sample);
    for (const problem of found.problems) problems.push(problem);
  }
  return { samples, problems };
}

function noImages(tar: string, [problem]: readonly Problem[]): UserError {
  return new UserError(`${tar}: no images in this tar${problem ? `; ${problem.message}` : ""}`);
}
