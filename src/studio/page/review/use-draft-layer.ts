import { useEffect, useState } from "react";
import { decodeMask } from "../../patches.ts";
import { request } from "../api.ts";
import { LabelLayer, type LabelLook } from "../canvas/label-layer.ts";
import { useStudio } from "../parts/studio.tsx";
import type { MaskSession } from "./mask-session.ts";

/** The draft of a corrected image, in place of what a person made of it; undefined until it is here, and without one. */
export function useDraftLayer(
  session: MaskSession | undefined,
  look: LabelLook,
): LabelLayer | undefined {
  const { t, notify } = useStudio();
  const [layer, setLayer] = useState<LabelLayer>();
  useEffect(() => {
    setLayer(undefined);
    if (session === undefined) return undefined;
    const stop = new AbortController();
    const load = async (): Promise<void> => {
      const path = `/api/images/${session.details.id}/mask?of=draft`;
      const response = await request(path, { signal: stop.signal });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length === 0) notify(t.review.noDraft);
      else setLayer(new LabelLayer(decodeMask(bytes), look));
    };
    load().catch((error: unknown) => {
      if (!stop.signal.aborted) notify(error instanceof Error ? error.message : String(error), "error"); // prettier-ignore
    });
    return () => stop.abort();
  }, [session, look, notify, t]);
  return session === undefined ? undefined : layer;
}
