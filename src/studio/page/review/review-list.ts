import { useEffect, useState, useSyncExternalStore } from "react";
import type { ImageDetails, ImagesQuery, Verdict } from "../../protocol.ts";
import { getDetails } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { useStudio, type StudioView } from "../parts/studio.tsx";
import { ImageList } from "../tag/image-list.ts";

export const reviewFilters = ["queue", "unsure", "rejected", "accepted"] as const;
export type ReviewFilter = (typeof reviewFilters)[number];

/** Between an event about images and the question what has become of them, in ms. */
const restMs = 300;
/** Images that events are followed for; for more of them the list is fetched anew. */
const mostFollowed = 200;

/** The images to review, in their order. It stays while the person works through it, with the verdicts that are given. */
export function useReviewList(
  filter: ReviewFilter,
  onDetails: (details: readonly ImageDetails[]) => void,
): ImageList {
  const { onEvent, notify, reach } = useStudio();
  const [list, setList] = useState(() => makeList(filter, notify, reach));
  useEffect(() => {
    const made = makeList(filter, notify, reach);
    made.load(0, 0);
    setList(made);
    return () => made.close();
  }, [filter, notify, reach]);

  useEffect(() => {
    const changed = new Set<number>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      timer = undefined;
      const ids = [...changed].slice(0, mostFollowed);
      changed.clear();
      const details = await getDetails(ids);
      list.update(details);
      onDetails(details);
    };
    const end = onEvent((event) => {
      if (event.type === "list") {
        list.refresh();
        list.load(0, 0);
      }
      if (event.type !== "images") return;
      for (const id of event.ids) changed.add(id);
      // While the server is away, the page asks again with the next event.
      timer ??= setTimeout(() => void ask().catch(() => undefined), restMs);
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [list, onDetails, onEvent]);

  useSyncExternalStore(list.watch, list.version);
  return list;
}

function makeList(filter: ReviewFilter, notify: StudioView["notify"], reach: StudioView["reach"]) {
  const query: ImagesQuery =
    filter === "queue" ? { sort: "queue" } : { sort: "confidence", verdict: filter };
  return new ImageList(query, (error) => notify(messageOf(error), "error"), reach);
}

/** The next image from a position on, in one of two directions, that has a verdict as asked for; undefined if there is none. */
export function nextFrom(
  list: ImageList,
  position: number,
  direction: 1 | -1,
  isWanted: (verdict: Verdict) => boolean,
): number | undefined {
  for (let at = position + direction; at >= 0 && at < (list.total ?? 0); at += direction) {
    const record = list.record(at);
    if (record === undefined) {
      list.load(at, at);
      return undefined;
    }
    if (isWanted(record.verdict)) return record.id;
  }
  return undefined;
}
