import { useEffect, useState } from "react";
import { getMask } from "../api.ts";
import { LabelLayer, type LabelLook } from "../canvas/label-layer.ts";
import { messageOf } from "../parts/message.ts";
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
      const { labels } = await getMask(session.details.id, { of: "draft", signal: stop.signal });
      if (labels === null) notify(t.review.noDraft);
      else setLayer(new LabelLayer(labels, look));
    };
    load().catch((error: unknown) => {
      if (!stop.signal.aborted) notify(messageOf(error), "error"); // prettier-ignore
    });
    return () => stop.abort();
  }, [session, look, notify, t]);
  return session === undefined ? undefined : layer;
}
