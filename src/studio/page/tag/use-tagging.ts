import { useState, type RefObject } from "react";
import { sendJson } from "../api.ts";
import { recordFlags } from "../../records.ts";
import type { Action } from "../parts/action-list.ts";
import { useActions } from "../parts/actions.tsx";
import { messageOf } from "../parts/message.ts";
import { useStudio } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import type { GridView } from "./grid-view.ts";
import { mostSelected } from "./selection.ts";
import { acceptedScore, type SuggestionState } from "./suggestions.ts";
import { withTag } from "./tag-change.ts";
import type { TagSession } from "./tag-session.ts";

/** Cells are at least so wide, in pixels. */
export const cellWidths = [88, 120, 160, 220, 320] as const;

/** Pages that are looked through for the next image without tags. */
const searchedPages = 100;

export interface Tagging {
  toggle(tag: number): void;
  create(name: string): void;
  add(ids: readonly number[], tag: number): void;
  remove(ids: readonly number[], tag: number): void;
}

/** Everything that a person can do in the tag screen, as actions. */
export function useTagging({
  session,
  view,
  suggestions,
  size,
  setSize,
  pickClass,
  textField,
}: {
  readonly session: TagSession;
  readonly view: RefObject<GridView | null>;
  readonly suggestions: SuggestionState;
  /** Index in `cellWidths`. */
  readonly size: number;
  readonly setSize: (size: number) => void;
  readonly pickClass: () => void;
  readonly textField: RefObject<HTMLInputElement | null>;
}): Tagging {
  const { t, project, notify, refresh } = useStudio();
  const { selection, editor, list, details } = session;
  const [isCreating, setCreating] = useState(false);
  const isFixed = project.tagsFixed !== null;
  const failed = (error: unknown): void => notify(messageOf(error), "error");
  const names = project.classes;

  const add = (ids: readonly number[], tag: number): void => {
    editor.change(ids, (state) => withTag(state, tag, true)).catch(failed);
  };
  const remove = (ids: readonly number[], tag: number): void => {
    editor.change(ids, (state) => withTag(state, tag, false)).catch(failed);
  };
  const toggle = async (tag: number): Promise<void> => {
    const ids = session.targets();
    const all = await details.all(ids);
    const isGiven = all.every(({ tags }) => tags.includes(tag));
    (isGiven ? remove : add)(ids, tag);
    const text = isGiven ? t.tag.removed : t.tag.given;
    if (ids.length > 1) notify(fill(text, { n: ids.length, name: names[tag] ?? "" }));
  };
  const create = async (name: string): Promise<void> => {
    setCreating(true);
    try {
      const { classes } = await sendJson<{ classes: string[] }>("POST", "/api/classes", { name });
      refresh();
      add(session.targets(), classes.indexOf(name));
    } catch (error) {
      failed(error);
    }
    setCreating(false);
  };

  const accept = async (): Promise<void> => {
    const sure = (id: number): number[] =>
      (suggestions.byImage.get(id) ?? [])
        .filter(({ score }) => score >= acceptedScore)
        .map(({ tag }) => tag);
    const ids = session.targets().filter((id) => sure(id).length > 0);
    const changed = await editor.change(ids, (state, id) =>
      sure(id).reduce((next, tag) => withTag(next, tag, true), state),
    );
    if (changed === 0) notify(t.tag.nothingToAccept);
    else if (changed > 1) notify(fill(t.tag.accepted, { n: changed }));
  };
  const undo = async (step: () => Promise<number>, text: string): Promise<void> => {
    notify(fill(text, { n: await step() }));
  };

  const selectAll = async (): Promise<void> => {
    const total = list.total ?? 0;
    selection.set(await list.ids(0, Math.min(total, mostSelected) - 1));
    if (total > mostSelected) notify(fill(t.tag.firstChosen, { n: mostSelected, total }));
  };
  const selectFocused = (): void => {
    const id = session.focused();
    if (id !== undefined) selection.toggle(selection.position, id);
  };
  const nextUntagged = async (): Promise<void> => {
    const total = list.total ?? 0;
    const end = Math.min(total, selection.position + searchedPages * 10_000);
    for (let position = selection.position + 1; position < end; position++) {
      if (list.record(position) === undefined) await list.ids(position, position);
      const record = list.record(position);
      if (record === undefined || (record.flags & recordFlags.untagged) === 0) continue;
      selection.clear();
      selection.moveTo(position);
      view.current?.reveal(position);
      return;
    }
    notify(t.tag.noneUntagged);
  };

  const toggles = names.slice(0, 9).map((name, tag): Action => ({
    id: `tag.class${tag + 1}`,
    label: fill(t.tag.toggle, { name }),
    keys: String(tag + 1),
    isDisabled: isFixed,
    run: () => void toggle(tag).catch(failed),
  }));
  const hasModel = project.models.length > 0;
  useActions(t.shell.tag, [
    { id: "tag.select", label: t.tag.select, keys: "Space", run: selectFocused },
    {
      id: "tag.selectAll",
      label: t.tag.selectAll,
      keys: "Ctrl+A",
      run: () => void selectAll().catch(failed),
    },
    {
      id: "tag.clear",
      label: t.tag.clear,
      keys: "Escape",
      isDisabled: selection.ids.size === 0,
      run: () => selection.clear(),
    },
    ...toggles,
    {
      id: "tag.add",
      label: t.tag.add,
      keys: "Enter",
      isDisabled: isFixed || isCreating,
      run: pickClass,
    },
    {
      id: "tag.accept",
      label: t.tag.accept,
      keys: "A",
      isDisabled: isFixed || !hasModel,
      run: () => void accept().catch(failed),
    },
    {
      id: "tag.none",
      label: t.tag.setNone,
      keys: "0",
      isDisabled: isFixed,
      run: () =>
        void editor.change(session.targets(), () => ({ tags: [], untagged: false })).catch(failed),
    },
    {
      id: "tag.unknown",
      label: t.tag.setUnknown,
      keys: "Delete",
      isDisabled: isFixed,
      run: () =>
        void editor.change(session.targets(), () => ({ tags: [], untagged: true })).catch(failed),
    },
    {
      id: "tag.undo",
      label: t.shell.undo,
      keys: "Ctrl+Z",
      isDisabled: !editor.canUndo,
      run: () => void undo(() => editor.undo(), t.tag.undone).catch(failed),
    },
    {
      id: "tag.redo",
      label: t.shell.redo,
      keys: "Ctrl+Shift+Z Ctrl+Y",
      isDisabled: !editor.canRedo,
      run: () => void undo(() => editor.redo(), t.tag.redone).catch(failed),
    },
    {
      id: "tag.next",
      label: t.tag.nextUntagged,
      keys: ".",
      run: () => void nextUntagged().catch(failed),
    },
    { id: "tag.find", label: t.tag.fileName, keys: "/", run: () => textField.current?.focus() },
    {
      id: "tag.larger",
      label: t.tag.larger,
      keys: "+ =",
      isDisabled: size === cellWidths.length - 1,
      run: () => setSize(size + 1),
    },
    {
      id: "tag.smaller",
      label: t.tag.smaller,
      keys: "-",
      isDisabled: size === 0,
      run: () => setSize(size - 1),
    },
  ]);
  return {
    toggle: (tag) => void toggle(tag).catch(failed),
    create: (name) => void create(name),
    add,
    remove,
  };
}
