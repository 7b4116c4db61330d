import { useEffect, useState } from "react";
import type { Neighbors } from "../../protocol.ts";
import { getJson, getRecords } from "../api.ts";
import { go } from "../parts/route.ts";
import { useStudio } from "../parts/studio.tsx";

/** Images before and after one in the order of their names; the first image where none is chosen. */
export function useNeighbors(id: number | null) {
  const { onEvent } = useStudio();
  const [first, setFirst] = useState<number>();
  const [known, setKnown] = useState<Neighbors & { readonly id: number }>();
  const shown = id ?? first;
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    const ask = async (): Promise<void> => {
      if (shown === undefined) {
        setFirst((await getRecords({ sort: "name" }, signal)).records[0]?.id);
        return;
      }
      const neighbors = await getJson<Neighbors>(`/api/images/${shown}/neighbors`, { signal });
      setKnown({ ...neighbors, id: shown });
    };
    // The shell says that the server is away; the screen itself that there is no such image.
    const askQuietly = (): void => void ask().catch(() => undefined);
    askQuietly();
    const end = onEvent(({ type }) => {
      if (type === "list") askQuietly();
    });
    return () => {
      ended.abort();
      end();
    };
  }, [shown, onEvent]);
  const neighbors = known?.id === shown ? known : undefined;
  const show = (next: number | null | undefined) =>
    typeof next === "number" ? () => go("inspect", next) : undefined;
  return { shown, previous: show(neighbors?.previous), next: show(neighbors?.next) };
}
