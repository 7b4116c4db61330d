import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { missing } from "./open-page.ts";
import { writeScenes } from "./scene-folder.ts";
import { startStudio, type StartedStudio } from "./start-studio.ts";

/** A studio for the tests of a file that look at its page. */
export interface SceneStudio {
  readonly folder: () => string;
  readonly studio: () => StartedStudio;
  /** Starts it again at the same address after it was killed. */
  restart(): Promise<StartedStudio>;
}

/** A studio of a folder with scenes; none where there is no browser to look at it. */
export function useSceneStudio(
  count: number,
  options: { readonly size: number; readonly tagged: number },
): SceneStudio {
  const folder = mkdtempSync(join(tmpdir(), "scene-studio-"));
  let studio: StartedStudio | undefined;
  beforeAll(async () => {
    if (missing !== null) return;
    await writeScenes(folder, count, options);
    studio = await startStudio(folder);
    await studio.indexed();
  });
  afterAll(async () => {
    await studio?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder: () => folder,
    studio: () => studio!,
    async restart() {
      studio = await startStudio(folder, "--port", String(studio!.port));
      await studio.indexed();
      return studio;
    },
  };
}
