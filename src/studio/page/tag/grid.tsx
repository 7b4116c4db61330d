import { useEffect, useMemo, useRef, type KeyboardEvent, type RefObject } from "react";
import { useActionList } from "../parts/actions.tsx";
import { keyOf } from "../parts/keys.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import { moved } from "./grid-moves.ts";
import { followPointer } from "./grid-pointer.ts";
import { GridView } from "./grid-view.ts";
import { describeImage, tagLooks } from "./image-text.ts";
import { mostSelected } from "./selection.ts";
import type { TagSession } from "./tag-session.ts";
import type { ImageList } from "./image-list.ts";

/** The images, to be moved in by keyboard, mouse and finger. */
export function Grid({
  session,
  list,
  cellWidth,
  view: shown,
  onOpen,
  onLetter,
}: {
  readonly session: TagSession;
  readonly list: ImageList;
  readonly cellWidth: number;
  readonly view: RefObject<GridView | null>;
  /** An image was double-clicked. */
  readonly onOpen: (id: number) => void;
  /** A letter was typed that no action has. */
  readonly onLetter: (letter: string) => void;
}) {
  const studio = useStudio();
  const { t, notify, preferences } = studio;
  const actions = useActionList();
  const scroller = useRef<HTMLDivElement>(null);
  const { selection, details, thumbnails } = session;
  const { project, colorOf } = studio;
  const looks = useMemo(() => tagLooks({ project, colorOf }), [project, colorOf]);
  const latest = useRef({ studio, onOpen, looks });
  useEffect(() => {
    latest.current = { studio, onOpen, looks };
    shown.current?.update();
  });

  const pick = async (position: number, how: "only" | "toggle" | "range"): Promise<void> => {
    if (how === "range") {
      const [first, last] = [position, selection.anchor].sort((a, b) => a - b) as [number, number];
      // The far end of too long a range does not count.
      const start = position < selection.anchor ? Math.max(first, last - mostSelected) : first;
      const ids = await list.ids(start, Math.min(last, start + mostSelected));
      if (!selection.stretchTo(position, ids)) {
        notify(fill(t.tag.tooMany, { n: mostSelected }), "error");
      }
    } else {
      const id = list.record(position)?.id;
      if (how === "toggle" && id !== undefined) selection.toggle(position, id);
      else {
        if (how === "only") selection.clear();
        selection.moveTo(position);
      }
    }
    shown.current?.reveal(position);
  };

  useEffect(() => {
    const view = new GridView(scroller.current!, {
      list,
      selection,
      thumbnails,
      tagsOf: (record) => latest.current.looks(record),
      labelOf: (position, record) =>
        describeImage(position, record, record && details.get(record.id), latest.current.studio),
      rested: (ids) => details.want(ids),
    });
    shown.current = view;
    const ends = [
      thumbnails.watch(() => view.update()),
      details.watch(() => view.update()),
      followPointer(scroller.current!, {
        view,
        pick: (position, how) => void pick(position, how),
        open: (position) => {
          const id = list.record(position)?.id;
          if (id !== undefined) latest.current.onOpen(id);
        },
      }),
    ];
    return () => {
      for (const end of ends) end();
      view.close();
      shown.current = null;
    };
    // The view belongs to the list; everything else is read when it is needed.
  }, [list]);
  useEffect(() => {
    if (shown.current !== null) shown.current.cellWidth = cellWidth;
  }, [cellWidth, list]);

  const pressed = (event: KeyboardEvent): void => {
    const view = shown.current;
    const total = list.total ?? 0;
    if (view === null || total === 0 || event.nativeEvent.isComposing) return;
    const key = keyOf(event.nativeEvent);
    const isRange = event.shiftKey;
    const steps = { columns: view.columns, screenRows: view.screenRows, total };
    const position = moved(key.replace("Shift+", ""), selection.position, steps);
    if (position !== undefined) {
      event.preventDefault();
      if (isRange) void pick(position, "range");
      else {
        selection.moveTo(position);
        view.reveal(position);
      }
      return;
    }
    const isLetter = /^\p{L}$/u.test(event.key) && !/Ctrl|Alt/.test(key);
    const action = actions.forKey(key, preferences.keys);
    if (!isLetter || (action !== undefined && action.isDisabled !== true)) return;
    event.preventDefault();
    onLetter(event.key);
  };

  return (
    <div
      ref={scroller}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={t.tag.grid}
      aria-multiselectable
      aria-describedby="grid-help"
      onKeyDown={pressed}
    />
  );
}
