import { useEffect, useState } from "react";
import type { LabelMap } from "../../../method/images/image.ts";
import type { Layers } from "../../layers.ts";
import type { ImageDetails } from "../../protocol.ts";
import { getDetails, getLayers, getMask, getPicture, noSuchImage } from "../api.ts";
import { messageOf } from "../parts/message.ts";

/** An image with everything that is known of it. */
export interface Inspected {
  readonly details: ImageDetails;
  readonly picture: ImageBitmap;
  /** What the model sees; undefined without a model or until it has looked, and why it could not. */
  readonly layers: Layers | undefined;
  readonly failure: string | undefined;
  /** What a person made of the mask; undefined if nobody did. */
  readonly correction: LabelMap | undefined;
}

/** Fetches an image; its layers come later, as the model may have to compute them first. */
export function useInspected(id: number | undefined, model: string | undefined) {
  const [shown, setShown] = useState<Inspected>();
  const [error, setError] = useState<{ readonly id: number; readonly message: string }>();
  useEffect(() => {
    if (id === undefined) return;
    const ended = new AbortController();
    const { signal } = ended;
    let picture: ImageBitmap | undefined;
    // Asked for along with the image itself, as stored ones come at once.
    const asked = model === undefined ? undefined : layersOf(id, model, signal);
    const load = async (): Promise<void> => {
      const [{ details, bitmap }, mask] = await Promise.all([
        openPicture(id, signal),
        getMask(id, { signal }),
      ]);
      if (signal.aborted) return bitmap.close();
      picture = bitmap;
      const labels = mask.source === "correction" ? (mask.labels ?? undefined) : undefined;
      const first: Inspected = {
        ...{ details, picture: bitmap, correction: labels },
        ...{ layers: undefined, failure: undefined },
      };
      setShown(first);
      if (asked === undefined) return;
      const seen = await asked;
      if (!signal.aborted) setShown({ ...first, ...seen });
    };
    load().catch((reason: unknown) => {
      if (!signal.aborted) setError({ id, message: messageOf(reason) });
    });
    return () => {
      ended.abort();
      // The canvas may still draw it in this frame.
      if (picture !== undefined) setTimeout(() => picture?.close(), 1000);
    };
  }, [id, model]);
  return {
    inspected: shown?.details.id === id ? shown : undefined,
    error: error?.id === id ? error?.message : undefined,
  };
}

/** What the model sees in an image, or why it could not look. */
function layersOf(id: number, model: string, signal: AbortSignal) {
  return getLayers(id, model, signal).then(
    (layers) => ({ layers }),
    (reason: unknown) => ({ failure: messageOf(reason) }),
  );
}

async function openPicture(id: number, signal: AbortSignal) {
  const [details] = await getDetails([id]);
  if (details === undefined) throw noSuchImage();
  return { details, bitmap: await createImageBitmap(await getPicture(details, signal)) };
}
