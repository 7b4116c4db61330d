import type { Export, StudioEvent } from "../../protocol.ts";
import { useItems } from "../parts/use-items.ts";

/** All exports, newest first, as they go on. */
export function useExports(): {
  readonly exports: readonly Export[];
  readonly add: (one: Export) => void;
} {
  const { items: exports, add } = useItems("/api/exports", exportOf);
  return { exports, add };
}

function exportOf(event: StudioEvent): Export | undefined {
  return event.type === "export" ? event.export : undefined;
}
