import type { Drafts, NewRun, Project, Run } from "../../src/studio/protocol.ts";
import { waitUntil, type StudioClient } from "../../test/studio/start-studio.ts";

/** The demo's recipe in fewer steps, with the same shares of its phases and a score every sixth of them. */
export function shortRecipe(steps: number): NewRun {
  return {
    preset: "small",
    device: "cpu",
    steps,
    set: {
      "train.camSteps": Math.round(0.24 * steps),
      "train.affinitySteps": Math.round(0.6 * steps),
      "train.warmupSteps": Math.round(0.1 * steps),
      "train.validateEvery": Math.max(1, Math.round(steps / 6)),
    },
  };
}

/**
 * Puts the sample into the studio's empty folder, trains on it and waits until all masks are drafted. A folder in which that was
 * done before stays as it is.
 */
export async function trainSample(
  studio: StudioClient,
  { images = 60, steps = 150 } = {},
): Promise<void> {
  await studio.indexed();
  const { counts, models } = await studio.get<Project>("/api/project");
  if (counts.images === 0) {
    await studio.send("POST", "/api/sample", { images });
    await studio.indexed();
  }
  if (models.length > 0) return;
  await train(studio, shortRecipe(steps));
}

/** Trains, and waits until the model has drafted all masks. */
export async function train(studio: StudioClient, recipe: NewRun): Promise<Run> {
  const { id } = await studio.send<Run>("POST", "/api/runs", recipe);
  let run: Run | undefined;
  await waitUntil(async () => {
    run = await studio.get<Run>(`/api/runs/${id}`);
    if (run.state === "failed") throw new Error(`the training failed: ${run.error}`);
    return run.state === "done";
  });
  await waitUntil(async () => {
    const drafts = await studio.get<Drafts>("/api/drafts");
    if (drafts.state === "failed") throw new Error(`no drafts: ${drafts.error}`);
    return drafts.model === id && drafts.state === "done";
  });
  return run!;
}
