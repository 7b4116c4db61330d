import { useEffect, useState } from "react";
import type { Export } from "../../protocol.ts";
import { getJson } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";

/** All exports, newest first, as they go on. */
export function useExports(): {
  readonly exports: readonly Export[];
  readonly add: (one: Export) => void;
} {
  const { onEvent, notify } = useStudio();
  const [exports, setExports] = useState<readonly Export[]>([]);
  const add = (one: Export): void =>
    setExports((all) =>
      all.some(({ id }) => id === one.id)
        ? all.map((other) => (other.id === one.id ? one : other))
        : [one, ...all],
    );
  useEffect(() => {
    let isShown = true;
    getJson<Export[]>("/api/exports").then(
      (all) => isShown && setExports(all),
      (error: unknown) => isShown && notify(messageOf(error), "error"),
    );
    const end = onEvent((event) => {
      if (event.type === "export") add(event.export);
    });
    return () => {
      isShown = false;
      end();
    };
  }, [onEvent, notify]);
  return { exports, add };
}
