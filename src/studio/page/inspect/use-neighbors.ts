import { useEffect, useState } from "react";
import { getRecords } from "../api.ts";
import { useRoute } from "../parts/route.ts";

/** Images before and after one in the order of their names; the first image where none is chosen. */
export function useNeighbors(id: number | null) {
  const { go } = useRoute();
  const [ids, setIds] = useState<readonly number[]>([]);
  useEffect(() => {
    const ended = new AbortController();
    getRecords({ sort: "name" }, ended.signal).then(
      ({ records }) => setIds(records.map((record) => record.id)),
      // The shell says that the server is away.
      () => undefined,
    );
    return () => ended.abort();
  }, []);
  const shown = id ?? ids[0];
  const at = shown === undefined ? -1 : ids.indexOf(shown);
  const show = (index: number) => {
    const next = ids[index];
    return next === undefined ? undefined : () => go("inspect", next);
  };
  return {
    shown,
    previous: at > 0 ? show(at - 1) : undefined,
    next: at >= 0 ? show(at + 1) : undefined,
  };
}
