import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ActionButton, useActionList, useKeys } from "../parts/actions.tsx";
import { Icon } from "../parts/icons.tsx";
import { messageOf } from "../parts/message.ts";
import { go, rename, type ScreenProps } from "../parts/route.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import { ClassPanel } from "./class-panel.tsx";
import { ClassPicker } from "./class-picker.tsx";
import { Filters } from "./filters.tsx";
import { Grid } from "./grid.tsx";
import type { GridView } from "./grid-view.ts";
import { ImagePanel } from "./image-panel.tsx";
import { useSuggestions } from "./suggestions.ts";
import { TagSession } from "./tag-session.ts";
import { cellWidths, useTagging } from "./use-tagging.ts";
import "./tag.css";

/** Stays while other screens are looked at. */
let kept: TagSession | undefined;

/** Gives images their tags. */
export default function TagScreen({ id }: ScreenProps) {
  const studio = useStudio();
  const { t, project, save, reach, notify, onEvent } = studio;
  const host = {
    save,
    reach,
    merged: (n: number) => notify(fill(t.tag.merged, { n })),
    failed: (error: unknown) => notify(messageOf(error), "error"),
  };
  const [session] = useState(() => (kept ??= new TagSession(host)));
  useEffect(() => void (session.host = host));
  useSyncExternalStore(session.watch, session.version);
  const { list, selection, details } = session;

  const view = useRef<GridView>(null);
  const textField = useRef<HTMLInputElement>(null);
  const [size, setSize] = useState(2);
  const [typed, setTyped] = useState<string>();

  const targets = session.targets();
  const suggestions = useSuggestions(targets);
  const pickClass = (): void => setTyped("");
  const tagging = useTagging({
    session,
    view,
    suggestions,
    size,
    setSize,
    pickClass,
    textField,
  });

  useEffect(
    () =>
      onEvent((event) => {
        if (event.type === "list") session.everythingChanged();
        else if (event.type === "images") {
          session.imagesChanged(event.ids, view.current?.shown ?? new Set());
        }
      }),
    [onEvent, session],
  );
  const focused = session.focused();
  useEffect(() => {
    if (focused !== undefined) details.want([focused]);
  });
  useShownImage(id, session, host.failed);
  useEffect(() => {
    view.current?.reveal(selection.position);
    if (document.activeElement === document.body) view.current?.scroller.focus();
  }, [list, selection]);

  const isFixed = project.tagsFixed !== null;
  const shown = focused === undefined ? undefined : details.get(focused);
  const given = commonTags(targets.slice(0, 500).map((target) => details.get(target)?.tags));
  return (
    <div className="tag-screen">
      <div className="tag-tools">
        <Filters
          query={list.query}
          onQuery={(query) => session.query(query)}
          textField={textField}
        />
        <span className="muted tag-count" role="status">
          {selection.ids.size > 0
            ? fill(t.tag.chosen, { n: selection.ids.size })
            : fill(t.tag.images, { n: list.total ?? 0 })}
        </span>
        <span className="row">
          <ActionButton id="tag.undo" className="plain" showsKey={false}>
            <Icon name="undo" />
          </ActionButton>
          <ActionButton id="tag.redo" className="plain" showsKey={false}>
            <Icon name="redo" />
          </ActionButton>
          <ActionButton id="tag.smaller" className="plain" showsKey={false}>
            −
          </ActionButton>
          <ActionButton id="tag.larger" className="plain" showsKey={false}>
            +
          </ActionButton>
        </span>
      </div>
      <aside className="tag-side" aria-label={t.tag.side}>
        {project.tagsFixed !== null && <p className="panel warning">{project.tagsFixed}</p>}
        <ImagePanel
          details={shown}
          chosen={selection.ids.size}
          isFixed={isFixed}
          suggestions={suggestions}
          onRemove={(tag) => tagging.remove([focused!], tag)}
          onAdd={(tag) => tagging.add([focused!], tag)}
        />
        <ClassPanel given={given} isFixed={isFixed} onToggle={tagging.toggle} />
      </aside>
      <div className="tag-main">
        <p id="grid-help" className="hidden">
          {t.tag.help}
        </p>
        {list.total === 0 && <p className="notice muted">{t.tag.nothingMatches}</p>}
        <Grid
          session={session}
          list={list}
          cellWidth={cellWidths[size]!}
          view={view}
          onOpen={(image) => go("review", image)}
          onLetter={(letter) => {
            if (!isFixed) setTyped(letter);
          }}
        />
        <Hints />
      </div>
      {typed !== undefined && (
        <ClassPicker
          first={typed}
          onPick={tagging.toggle}
          onCreate={tagging.create}
          onClose={() => setTyped(undefined)}
        />
      )}
    </div>
  );
}

/** The keys that matter most, below the grid. */
function Hints() {
  const { t } = useStudio();
  return (
    <p className="hints" aria-hidden>
      <span>
        <kbd>1–9</kbd> {t.tag.classes}
      </span>
      {["tag.select", "tag.add", "tag.accept", "tag.next", "shell.keys"].map((id) => (
        <Hint key={id} id={id} />
      ))}
    </p>
  );
}

function Hint({ id }: { readonly id: string }) {
  const action = useActionList().find(id);
  const keys = useKeys(id);
  if (action === undefined || action.isDisabled === true || keys.length === 0) return null;
  return (
    <span>
      <kbd>{keys[0]}</kbd> {action.label}
    </span>
  );
}

/** Finds the image that the address names, by its file name. */
function useShownImage(
  id: number | null,
  session: TagSession,
  failed: (error: unknown) => void,
): void {
  useEffect(() => {
    if (id === null || session.focused() === id) return undefined;
    let isCurrent = true;
    session.details
      .all([id])
      .then(([image]) => {
        if (!isCurrent) return;
        if (image !== undefined) session.query({ sort: "name", text: image.file });
        rename("tag");
      })
      .catch(failed);
    return () => void (isCurrent = false);
  }, [id, session]);
}

/** The tags that all have. */
function commonTags(all: readonly (readonly number[] | undefined)[]): ReadonlySet<number> {
  const [first = [], ...others] = all;
  return new Set(first.filter((tag) => others.every((tags) => tags?.includes(tag) === true)));
}
