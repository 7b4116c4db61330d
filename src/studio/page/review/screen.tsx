import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useState } from "react";
import type { ImageDetails, Verdict } from "../../protocol.ts";
import { sendJson } from "../api.ts";
import { CanvasView } from "../canvas/canvas-view.tsx";
import { go, rename, type ScreenProps } from "../parts/route.ts";
import { ActionButton } from "../parts/actions.tsx";
import { Slider } from "../parts/slider.tsx";
import { useStudio } from "../parts/studio.tsx";
import { fill, formatPercent } from "../text.ts";
import { ClassSearch } from "./class-search.tsx";
import { ConflictDialog } from "./conflict-dialog.tsx";
import { DraftsNotice } from "./drafts-notice.tsx";
import { LabelPalette, OverChoice } from "./label-palette.tsx";
import { QueueList } from "./queue-list.tsx";
import { ResetDialog } from "./reset-dialog.tsx";
import { nextFrom, reviewFilters, useReviewList, type ReviewFilter } from "./review-list.ts";
import { SessionCache } from "./session-cache.ts";
import { Summary } from "./summary.tsx";
import { ToolBar } from "./tool-bar.tsx";
import { UnsentNotice } from "./unsent-notice.tsx";
import { useDraftLayer } from "./use-draft-layer.ts";
import { useOutbox } from "./use-outbox.ts";
import { usePainting } from "./use-painting.ts";
import { useReviewActions } from "./use-review-actions.ts";
import { useSession } from "./use-session.ts";
import "./review.css";

/** The queue of masks to look at, the mask under edit, and the verdicts. */
export default function ReviewScreen({ id }: ScreenProps) {
  const { t, project, colorOf, notify, preferences, setPreferences, reach } = useStudio();
  const outbox = useOutbox();
  const [filter, setFilter] = useState<ReviewFilter>("queue");
  const [outlines, setOutlines] = useState(false);
  // By the colors themselves, as masks are colored anew when they change.
  const colors = project.classes.map((_, i) => colorOf(i)).join();
  const look = useMemo(() => {
    const list = colors.split(",");
    return { colorOf: (i: number) => list[i] ?? "#808080", outlines };
  }, [colors, outlines]);
  const [cache] = useState(() => new SessionCache(outbox, look, reach));
  const [round, setRound] = useState(0);
  const { session, error } = useSession(cache, id, round);
  const painting = usePainting(session);
  const { canvas, settings, change, palette } = painting;

  const onDetails = useCallback(
    (details: readonly ImageDetails[]) => {
      for (const one of details) {
        const opened = cache.get(one.id);
        if (opened?.isOutdated(one)) {
          cache.drop(one.id);
          // Another draft is what the person asked for, wherever that was.
          const isMask = opened.source === "correction" || one.maskRev > opened.details.maskRev;
          if (one.id === id && isMask) notify(fill(t.review.changedElsewhere, { name: one.name }));
          setRound((before) => before + 1);
        } else opened?.update(one);
      }
    },
    [cache, id, notify, t],
  );
  const list = useReviewList(filter, onDetails);
  const position = (id === null ? undefined : list.positionOf(id)) ?? -1;
  const isOpenTask = (verdict: Verdict): boolean => filter !== "queue" || verdict === "none";
  const nextId =
    nextFrom(list, position, 1, isOpenTask) ??
    (filter === "queue" ? nextFrom(list, -1, 1, isOpenTask) : undefined);

  // Without an image in the address, the first of the list.
  const firstId = list.record(0)?.id;
  useEffect(() => {
    const first = filter === "queue" ? (nextId ?? firstId) : firstId;
    if (id === null && first !== undefined) rename("review", first);
  }, [id, firstId, nextId, filter]);
  // The next image opens while the person looks at this one.
  const isOpened = session !== undefined;
  useEffect(() => {
    if (isOpened && nextId !== undefined && nextId !== id)
      cache.open(nextId).catch(() => undefined);
  }, [cache, nextId, isOpened, id]);
  useEffect(() => () => cache.close(), [cache]);

  const [opacity, setOpacity] = useState(0.55);
  const [isHidden, setHidden] = useState(false);
  useEffect(() => {
    const show = (): void => setHidden(false);
    addEventListener("keyup", show);
    addEventListener("blur", show);
    return () => {
      removeEventListener("keyup", show);
      removeEventListener("blur", show);
    };
  }, []);
  const [showsDraft, setShowsDraft] = useState(false);
  const draft = useDraftLayer(showsDraft ? session : undefined, look);
  useLayoutEffect(() => {
    cache.setLook(look);
    canvas?.draw();
  }, [cache, canvas, look]);
  useLayoutEffect(() => {
    if (session === undefined || canvas === undefined) return;
    const layer = draft ?? session.layer;
    layer.opacity = isHidden ? 0 : outlines ? 1 : opacity;
    canvas.setLayers([layer]);
    canvas.setTool(draft ? undefined : painting.tool);
  }, [session, canvas, draft, opacity, isHidden, outlines, painting.tool]);
  useEffect(() => setShowsDraft(false), [id]);

  const judge = (verdict: Verdict): void => {
    if (session === undefined) return;
    painting.tool?.finish();
    session.judge(verdict);
    list.update([session.details]);
    if (nextId === undefined || nextId === id) notify(t.review.allReviewed);
    else go("review", nextId);
  };
  const toggleKnownTags = async (): Promise<void> => {
    await setPreferences({ knownTags: !preferences.knownTags });
    // Drafts are others now; what a person has painted stays.
    cache.dropDrafts();
    setRound((before) => before + 1);
  };
  const [dialog, setDialog] = useState<"reset" | "class">();
  const [dismissed, setDismissed] = useState<unknown>();
  useReviewActions(session, painting, {
    judge,
    go: (direction) => {
      const next = nextFrom(list, position, direction, () => true);
      if (next !== undefined) go("review", next);
    },
    hide: () => setHidden(true),
    toggleOutlines: () => setOutlines(!outlines),
    toggleDraft: () => setShowsDraft(!showsDraft),
    toggleKnownTags: () => void toggleKnownTags(),
    askReset: () => setDialog("reset"),
    pickClass: () => setDialog("class"),
    showsOutlines: outlines,
    showsDraft,
  });

  const reset = async (): Promise<void> => {
    if (session === undefined) return;
    const { id: image } = session.details;
    painting.tool?.finish();
    await outbox.drained(image);
    await sendJson("POST", `/api/images/${image}/mask/reset`, { rev: outbox.revOf(image) });
    cache.drop(image);
    setRound((before) => before + 1);
  };
  const [conflict] = outbox.conflicts;
  const help = useId();
  const name = session?.details.name ?? "";
  const filters = {
    queue: t.review.filterQueue,
    unsure: t.review.filterUnsure,
    rejected: t.review.filterRejected,
    accepted: t.review.filterAccepted,
  };
  const sources = {
    draft: t.review.sourceDraft,
    correction: t.review.sourceCorrection,
    none: t.review.sourceNone,
  };

  return (
    <div className="review">
      <aside className="review-queue">
        <label>
          <span className="hidden">{t.review.filter}</span>
          <select value={filter} onChange={({ target }) => setFilter(target.value as ReviewFilter)}>
            {reviewFilters.map((one) => (
              <option key={one} value={one}>
                {filters[one]}
              </option>
            ))}
          </select>
        </label>
        {list.total === 0 ? (
          <p className="muted queue-empty">
            {filter === "queue" ? t.review.emptyQueue : t.review.empty}
          </p>
        ) : (
          <QueueList list={list} current={id} onOpen={(one) => go("review", one)} />
        )}
        <DraftsNotice />
      </aside>
      <section className="review-work">
        <ToolBar settings={settings} onChange={change} />
        <CanvasView
          label={fill(t.review.canvas, { name })}
          describedBy={help}
          onReady={painting.onReady}
          onKeyDown={(event) => painting.keyboard?.keyDown(event)}
        >
          {session === undefined && id !== null && (
            <p className={`canvas-note ${error === undefined ? "is-late" : "error"}`} role="status">
              {error === undefined
                ? t.review.loading
                : fill(t.review.cannotOpen, { message: error })}
            </p>
          )}
          {draft !== undefined && <p className="canvas-note">{t.review.draftShown}</p>}
          {painting.isGrowing && <p className="canvas-note is-late">{t.review.growing}</p>}
        </CanvasView>
        <p id={help} className="hidden">
          {t.review.canvasHelp}
        </p>
        <p className="hidden" aria-live="polite">
          {painting.announcement}
        </p>
        <footer className="review-foot">
          <Summary round={outbox.version()} />
          <div className="row end">
            <ActionButton id="review.previous" className="button step" showsKey={false}>
              ‹
            </ActionButton>
            <ActionButton id="review.next" className="button step" showsKey={false}>
              ›
            </ActionButton>
            <ActionButton id="review.reject" />
            <ActionButton id="review.markUnsure" />
            <ActionButton id="review.accept" className="button primary" />
          </div>
        </footer>
      </section>
      <aside className="review-side">
        <UnsentNotice outbox={outbox} onChoose={() => setDismissed(undefined)} />
        {session && (
          <header className="review-image" data-revision={outbox.revOf(session.details.id)}>
            <h2 title={session.details.file}>{name}</h2>
            <small className={`source is-${session.source}`}>{sources[session.source]}</small>
            {session.details.verdict !== "none" && (
              <small className={`verdict is-${session.details.verdict}`}>
                {t.review[session.details.verdict]}
              </small>
            )}
          </header>
        )}
        <LabelPalette
          palette={palette}
          missing={session?.details.missing ?? []}
          settings={settings}
          onChange={change}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={preferences.knownTags}
            onChange={() => void toggleKnownTags()}
          />
          {t.review.knownTags}
        </label>
        <OverChoice over={settings.over} onChange={(over) => change({ over })} />
        <Slider
          label={t.review.opacity}
          value={opacity}
          max={1}
          step={0.05}
          shown={formatPercent(opacity, 0)}
          onChange={setOpacity}
        />
        <div className="row">
          <ActionButton id="review.outlines" />
          <ActionButton id="review.draft" />
          <ActionButton id="review.reset" />
        </div>
      </aside>
      {dialog === "reset" && session && (
        <ResetDialog name={name} onReset={reset} onClose={() => setDialog(undefined)} />
      )}
      {dialog === "class" && (
        <ClassSearch
          palette={palette}
          onPick={(label) => change({ label, ...(settings.tool === "erase" && { tool: "brush" }) })}
          onClose={() => setDialog(undefined)}
        />
      )}
      {conflict && conflict !== dismissed && (
        <ConflictDialog
          conflict={conflict}
          picture={cache.get(conflict.image.id)?.picture}
          look={look}
          onSettle={(choice) => {
            outbox.settle(conflict, choice);
            cache.drop(conflict.image.id);
            setRound((before) => before + 1);
          }}
          onClose={() => setDismissed(conflict)}
        />
      )}
    </div>
  );
}
