import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { writeScenes } from "../../src/files/datasets/index.ts";
import { nodeHost } from "../../src/host/node/host.ts";

/** A folder that is gone after the tests of a file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tag2mask-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a data set of a few tiny scenes. */
export async function fewScenes(folder: string, seed = 0): Promise<string> {
  await writeScenes(nodeHost, folder, { count: 16, valCount: 4, seed, size: 64 });
  return folder;
}

/** Options that make a training of seconds. */
export const tiny: readonly string[] = [
  ...["--set", "model.backbone=mit_tiny", "--set", "model.decoderWidth=16"],
  ...["--set", "data.crop=64", "--set", "data.batch=2", "--set", "data.workers=0"],
  ...["--set", "pseudo.radius=1", "--set", "train.validateEvery=0", "--device", "cpu"],
  // The scenes' own size, so that `eval` sees them as the validation does.
  ...["--set", "eval.longSide=64", "--set", "eval.minSide=0"],
];
