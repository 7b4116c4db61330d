import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../user-error.ts";
import { describeFileError } from "../../host/node/files/atomic-file.ts";

/**
 * The weights file that a model is named by: itself, or of a run folder (or its weights/) the best, the
 * last or the newest checkpoint, whichever is there first. Any other file (.onnx, .pth) is itself.
 */
export async function findModelFile(path: string): Promise<string> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    const reason = describeFileError(error);
    throw new UserError(`${path}: no such model: ${reason}`, { cause: error });
  }
  if (!isFolder) return path;
  for (const folder of [join(path, "weights"), path]) {
    const names = await readdir(folder).catch((): string[] => []);
    const steps = names.filter((name) => /^step-\d+\.safetensors$/.test(name)).sort(byStep);
    const found = ["best.safetensors", "last.safetensors", ...steps].find((name) => names.includes(name)); // prettier-ignore
    if (found !== undefined) return join(folder, found);
  }
  throw new UserError(
    `${path}: has no weights/best.safetensors or last.safetensors; give a run folder, as in runs/train/exp, or a weights file`,
  );
}

/** Newest first; steps beyond the padding have more digits. */
function byStep(a: string, b: string): number {
  const step = (name: string): number => Number(/\d+/.exec(name)![0]);
  return step(b) - step(a);
}
