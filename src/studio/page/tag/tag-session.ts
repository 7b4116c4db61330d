import type { ImagesQuery } from "../../protocol.ts";
import type { StudioView } from "../parts/studio.tsx";
import { DetailsStore } from "./details-store.ts";
import { ImageList } from "./image-list.ts";
import { Selection } from "./selection.ts";
import { TagEditor, type EditorHost } from "./tag-editor.ts";
import { Thumbnails } from "./thumbnails.ts";

export interface SessionHost extends Pick<EditorHost, "save" | "merged" | "failed"> {
  readonly reach: StudioView["reach"];
}

/** What the tag screen keeps while others are looked at: the list and where one is in it, what can be undone, and pictures. */
export class TagSession {
  readonly selection = new Selection();
  readonly thumbnails = new Thumbnails();
  readonly details = new DetailsStore(
    (id): boolean => this.editor.isUnsaved(id),
    (error) => this.host.failed(error),
  );
  readonly editor: TagEditor = new TagEditor({
    details: this.details,
    save: (work) => this.host.save(work),
    merged: (images) => this.host.merged(images),
    failed: (error) => this.host.failed(error),
    changed: () => this.#changed(),
  });
  #list: ImageList;
  #version = 0;
  readonly #watchers = new Set<() => void>();

  constructor(public host: SessionHost) {
    this.#list = this.#createList({ sort: "name" });
    this.details.watch((changed) => this.#list.update(changed));
    this.selection.watch(() => this.#changed());
  }

  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };
  /** Counts up with every change that a person can see beside the grid. */
  version = (): number => this.#version;

  get list(): ImageList {
    return this.#list;
  }

  /** Shows other images, from the first one on. */
  query(query: ImagesQuery): void {
    this.#list.close();
    this.#list = this.#createList(query);
    this.selection.clear();
    this.selection.moveTo(0);
    this.#changed();
  }

  /** The images that an action is for: the chosen ones, or else the one with the focus. */
  targets(): readonly number[] {
    if (this.selection.ids.size > 0) return [...this.selection.ids];
    const id = this.focused();
    return id === undefined ? [] : [id];
  }

  /** The image with the focus. */
  focused(): number | undefined {
    return this.#list.record(this.selection.position)?.id;
  }

  /** Some images changed in the server. */
  imagesChanged(ids: readonly number[], shown: ReadonlySet<number>): void {
    const others = ids.filter((id) => !this.editor.isUnsaved(id));
    const seen = others.filter((id) => shown.has(id));
    this.details.forget(others.filter((id) => !shown.has(id)));
    if (seen.length < others.length) this.#list.refresh();
    this.details.fetch(seen).catch((error: unknown) => this.host.failed(error));
  }

  /** Anything may have changed in the server. */
  everythingChanged(): void {
    this.details.forgetAll();
    this.#list.refresh();
  }

  #createList(query: ImagesQuery): ImageList {
    const { reach } = this.host;
    const list = new ImageList(query, (error) => this.host.failed(error), reach);
    list.watch(() => this.#changed());
    return list;
  }

  #changed(): void {
    this.#version++;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
