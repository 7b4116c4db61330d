import { useEffect, useState, useSyncExternalStore } from "react";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import type { MaskSession } from "./mask-session.ts";
import type { SessionCache } from "./session-cache.ts";

export interface OpenedImage {
  readonly session: MaskSession | undefined;
  /** Why the image cannot be opened. */
  readonly error: string | undefined;
}

const nothing: OpenedImage = { session: undefined, error: undefined };

/**
 * The opened image.
 * @param round another number opens it anew
 */
export function useSession(cache: SessionCache, id: number | null, round: number): OpenedImage {
  const { isOnline } = useStudio();
  const [opened, setOpened] = useState<OpenedImage & { readonly id: number | null }>({ ...nothing, id }); // prettier-ignore
  useEffect(() => {
    cache.show(id);
    if (id === null) return undefined;
    let isCurrent = true;
    cache.open(id).then(
      (session) => isCurrent && setOpened({ id, session, error: undefined }),
      (error: unknown) =>
        isCurrent && setOpened({ id, session: undefined, error: messageOf(error) }),
    );
    return () => void (isCurrent = false);
  }, [cache, id, round, isOnline]);
  const session = (id === null ? undefined : cache.get(id)) ?? undefined;
  useSyncExternalStore(session?.watch ?? unwatched, session?.version ?? noVersion);
  if (session !== undefined) return { session, error: undefined };
  return opened.id === id ? { ...opened, session: undefined } : nothing;
}

const unwatched = () => () => undefined;
const noVersion = () => 0;
