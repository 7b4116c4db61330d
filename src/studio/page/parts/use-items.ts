import { useEffect, useState } from "react";
import type { StudioEvent } from "../../protocol.ts";
import { getJson } from "../api.ts";
import { messageOf } from "./message.ts";
import { useStudio } from "./studio.tsx";

/**
 * What the server has several of, newest first, as it goes on.
 * @param path address of all of them
 * @param itemOf the one that an event brings, `"again"` where all may have changed; the same function for all renders
 */
export function useItems<T extends { readonly id: string }>(
  path: string,
  itemOf: (event: StudioEvent) => T | "again" | undefined,
): { readonly items: readonly T[]; readonly add: (item: T) => void } {
  const { onEvent, notify } = useStudio();
  const [items, setItems] = useState<readonly T[]>([]);
  const add = (item: T): void =>
    setItems((all) =>
      all.some(({ id }) => id === item.id)
        ? all.map((other) => (other.id === item.id ? item : other))
        : [item, ...all],
    );
  useEffect(() => {
    let isShown = true;
    const fetchAll = (): void =>
      void getJson<T[]>(path).then(
        (all) => isShown && setItems(all),
        (error: unknown) => isShown && notify(messageOf(error), "error"),
      );
    fetchAll();
    const end = onEvent((event) => {
      const item = itemOf(event);
      if (item === "again") fetchAll();
      else if (item !== undefined) add(item);
    });
    return () => {
      isShown = false;
      end();
    };
  }, [path, itemOf, onEvent, notify]);
  return { items, add };
}
