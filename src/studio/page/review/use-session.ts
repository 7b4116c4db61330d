import { useEffect, useState, useSyncExternalStore } from "react";
import { RequestFailed } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import type { MaskSession } from "./mask-session.ts";
import type { SessionCache } from "./session-cache.ts";

export interface OpenedImage {
  readonly session: MaskSession | undefined;
  /** Why the image cannot be opened. */
  readonly error: string | undefined;
}

/** Before an image is asked for again whose request did not arrive, in ms. */
const pauseMs = 1000;

const nothing: OpenedImage = { session: undefined, error: undefined };

/**
 * The opened image.
 * @param round another number opens it anew
 */
export function useSession(cache: SessionCache, id: number | null, round: number): OpenedImage {
  const { isOnline } = useStudio();
  const [opened, setOpened] = useState<OpenedImage & { readonly id: number | null }>({ ...nothing, id }); // prettier-ignore
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    cache.show(id);
    if (id === null) return undefined;
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    cache.open(id).then(
      (session) => isCurrent && setOpened({ id, session, error: undefined }),
      (error: unknown) => {
        if (!isCurrent) return;
        if (error instanceof RequestFailed && error.status === 0) {
          // One request may be lost while the server answers all others.
          timer = setTimeout(() => setAttempt((before) => before + 1), pauseMs);
          return;
        }
        const message = messageOf(error);
        setOpened({ id, session: undefined, error: message });
      },
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [cache, id, round, isOnline, attempt]);
  const session = (id === null ? undefined : cache.get(id)) ?? undefined;
  useSyncExternalStore(session?.watch ?? unwatched, session?.version ?? noVersion);
  if (session !== undefined) return { session, error: undefined };
  return opened.id === id ? { ...opened, session: undefined } : nothing;
}

const unwatched = () => () => undefined;
const noVersion = () => 0;
