import { stat } from "node:fs/promises";
import type { ImageCodec } from "../../../host/codec.ts";
import { describeFileError } from "../../../host/node/files/file-error.ts";
import { messageWithoutPath } from "../../../files/datasets/check-headers.ts";
import { UserError } from "../../../user-error.ts";
import { RequestError } from "../failure.ts";
import { realPathBelow, versionOf } from "./image-file.ts";
import type { Content } from "./image-table.ts";

/**
 * Looks at an image file without decoding it.
 * @param root real path of the data folder
 * @param known what was found before; the file is not opened again if it is unchanged
 */
export async function lookAt(
  codec: ImageCodec,
  root: string,
  path: string,
  known?: Pick<Content, "version" | "width" | "height">,
): Promise<Content> {
  const nothing = { version: 1, width: 0, height: 0 };
  let version: number;
  try {
    const real = await realPathBelow(root, path);
    const stats = await stat(real);
    // A pipe would keep its reader waiting for ever.
    if (!stats.isFile()) return { ...nothing, problem: "it is no file" };
    version = versionOf(stats.size, stats.mtimeMs);
  } catch (error) {
    const problem = error instanceof RequestError ? error.message : describeFileError(error);
    return { ...nothing, problem };
  }
  if (known?.version === version && known.width > 0) return { ...known, problem: undefined };
  try {
    const { width, height } = await codec.header(path);
    return { version, width, height, problem: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...nothing, version, problem: messageWithoutPath(error, path) };
  }
}
