import { useEffect, useState } from "react";
import type { Run } from "../../protocol.ts";
import { getJson } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";

/** All runs, newest first, as they go on. */
export function useRuns(): { readonly runs: readonly Run[]; readonly add: (run: Run) => void } {
  const { onEvent, notify } = useStudio();
  const [runs, setRuns] = useState<readonly Run[]>([]);
  const add = (run: Run): void =>
    setRuns((all) =>
      all.some(({ id }) => id === run.id)
        ? all.map((other) => (other.id === run.id ? run : other))
        : [run, ...all],
    );
  useEffect(() => {
    let isShown = true;
    const fetchAll = (): void =>
      void getJson<Run[]>("/api/runs").then(
        (all) => isShown && setRuns(all),
        (error: unknown) => isShown && notify(messageOf(error), "error"),
      );
    fetchAll();
    const end = onEvent((event) => {
      if (event.type === "run") add(event.run);
      // After an interruption, or when runs came or went.
      else if (event.type === "project") fetchAll();
    });
    return () => {
      isShown = false;
      end();
    };
  }, [onEvent, notify]);
  return { runs, add };
}

/** Whether a process trains in the run. */
export function isAlive({ state }: Run): boolean {
  return state === "starting" || state === "running" || state === "stopping";
}
