import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { join } from "../text/path.ts";
import { indexNames } from "../weights/shards.ts";

/**
 * The file of the model at a path: the file itself (.safetensors, .onnx, .pth), or of a run folder or its weights/ the
 * best checkpoint, else the last, else the one of the highest step, else the index of shards that the folder holds.
 */
export async function findModelFile(store: Store, path: string): Promise<string> {
  const info = await store.stat(path);
  if (info === undefined) {
    throw new UserError(`${path}: no such model: no such file or folder`, { code: "not-found" });
  }
  if (info.kind === "file") return path;
  for (const folder of [join(path, "weights"), path]) {
    if ((await store.stat(folder))?.kind !== "folder") continue;
    const { files } = await store.list(folder, { sorted: false });
    const steps = files.filter((name) => /^step-\d+\.safetensors$/.test(name)).sort(byStep);
    const preferred = ["best.safetensors", "last.safetensors", ...steps, ...indexNames];
    const name = preferred.find((candidate) => files.includes(candidate));
    if (name !== undefined) return join(folder, name);
  }
  throw new UserError(
    `${path}: has no weights/best.safetensors or last.safetensors; give a run folder, as in runs/train/exp, or a weights file`,
    { code: "not-found" },
  );
}

/** Newest first; steps beyond the padding have more digits. */
function byStep(a: string, b: string): number {
  const step = (name: string): number => Number(/\d+/.exec(name)![0]);
  return step(b) - step(a);
}
