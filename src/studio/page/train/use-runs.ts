import type { Run, StudioEvent } from "../../protocol.ts";
import { useItems } from "../parts/use-items.ts";

/** All runs, newest first, as they go on. */
export function useRuns(): { readonly runs: readonly Run[]; readonly add: (run: Run) => void } {
  const { items: runs, add } = useItems("/api/runs", runOf);
  return { runs, add };
}

function runOf(event: StudioEvent): Run | "again" | undefined {
  if (event.type === "run") return event.run;
  // After an interruption, or when runs came or went.
  return event.type === "project" ? "again" : undefined;
}

/** Whether a process trains in the run. */
export function isAlive({ state }: Run): boolean {
  return state === "starting" || state === "running" || state === "stopping";
}
