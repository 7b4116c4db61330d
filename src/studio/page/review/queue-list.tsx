import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { recordFlags, type ImageRecord } from "../../records.ts";
import { useStudio } from "../parts/studio.tsx";
import type { ImageList } from "../tag/image-list.ts";
import { ScrollScale } from "../tag/scroll-scale.ts";
import { Thumbnails } from "../tag/thumbnails.ts";
import { fill, formatNumber } from "../text.ts";

/** CSS pixels of a row. */
const rowHeight = 52;

/** The images to review; only the rows that can be seen are in the page. */
export function QueueList({
  list,
  current,
  onOpen,
}: {
  readonly list: ImageList;
  /** Id of the image that is open. */
  readonly current: number | null;
  readonly onOpen: (id: number) => void;
}) {
  const { t } = useStudio();
  const scroller = useRef<HTMLDivElement>(null);
  const [scale] = useState(() => new ScrollScale());
  const [thumbnails] = useState(() => new Thumbnails(200));
  const [, setVersion] = useState(0);
  const draw = useRef(() => setVersion((before) => before + 1)).current;
  useEffect(() => thumbnails.watch(draw), [thumbnails, draw]);

  const total = list.total ?? 0;
  const height = scroller.current?.clientHeight ?? 600;
  scale.resize(total * rowHeight, height);
  const first = Math.max(0, Math.floor(scale.offset / rowHeight) - 2);
  const last = Math.min(total - 1, first + Math.ceil(height / rowHeight) + 4);
  const positions = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

  useEffect(() => {
    if (total > 0) list.load(first, last);
    const wanted = positions.flatMap((position) => list.record(position) ?? []);
    thumbnails.want(wanted);
  });
  useLayoutEffect(() => {
    const observer = new ResizeObserver(draw);
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, [draw]);
  // The open image stays in sight.
  const position = current === null ? undefined : list.positionOf(current);
  useLayoutEffect(() => {
    const element = scroller.current!;
    if (position === undefined) return;
    const top = position * rowHeight;
    const isAbove = top < scale.offset;
    if (!isAbove && top + rowHeight <= scale.offset + element.clientHeight) return;
    element.scrollTop = scale.goTo(isAbove ? top : top + rowHeight - element.clientHeight);
    draw();
  }, [position, total, scale, draw]);

  return (
    <div
      ref={scroller}
      className="queue-list"
      tabIndex={-1}
      onScroll={({ currentTarget }) => {
        scale.scrolled(currentTarget.scrollTop);
        draw();
      }}
    >
      <ul
        aria-label={t.review.queue}
        style={{ height: Math.max(scale.shownHeight, total > 0 ? rowHeight : 0) }}
      >
        {positions.map((at) => {
          const record = list.record(at);
          return (
            record && (
              <li
                key={record.id}
                style={{ transform: `translateY(${at * rowHeight - scale.shift}px)` }}
              >
                <QueueItem
                  record={record}
                  isCurrent={record.id === current}
                  url={thumbnails.get(record.id, record.version)}
                  onOpen={() => onOpen(record.id)}
                />
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function QueueItem({
  record: { id, confidence, verdict, flags, tags },
  isCurrent,
  url,
  onOpen,
}: {
  readonly record: ImageRecord;
  readonly isCurrent: boolean;
  readonly url: string | null | undefined;
  readonly onOpen: () => void;
}) {
  const { t, project, colorOf } = useStudio();
  const hasDraft = !Number.isNaN(confidence);
  const name = `#${id}`;
  const sure = formatNumber(confidence, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const label = hasDraft
    ? fill(t.review.item, { name, confidence: sure })
    : fill(t.review.itemPlain, { name });
  const state = verdict === "none" ? undefined : t.review[verdict];
  const isDrawn = (flags & recordFlags.drawn) !== 0;
  return (
    <button
      type="button"
      className={`queue-item ${verdict}`}
      aria-current={isCurrent ? "true" : undefined}
      tabIndex={isCurrent ? 0 : -1}
      onClick={onOpen}
      onKeyDown={moveFocus}
    >
      <span className="queue-thumb">{url && <img src={url} alt="" />}</span>
      <span className="queue-facts">
        <span className="hidden">{label} </span>
        <span className="queue-score">
          {hasDraft && (
            <>
              <meter min={0} max={1} value={confidence} aria-hidden />
              <span aria-hidden>{sure}</span>
            </>
          )}
          {isDrawn && (
            <span className="drawn" title={t.review.drawn}>
              {t.review.drawnShort}
            </span>
          )}
        </span>
        <span className="queue-tags">
          {tags.map((tag) => (
            <i key={tag} className="swatch" style={{ background: colorOf(tag) }} />
          ))}
          <small>{state ?? tags.map((tag) => project.classes[tag]).join(", ")}</small>
        </span>
      </span>
    </button>
  );
}

/** Up and down go from row to row, as the rows are one stop of Tab. */
function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  const row = event.currentTarget.parentElement;
  const next = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling }[
    event.key as "ArrowDown" | "ArrowUp"
  ];
  if (next === undefined) return;
  event.preventDefault();
  next?.querySelector("button")?.focus();
}
