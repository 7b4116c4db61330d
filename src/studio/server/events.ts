import type { StudioEvent } from "../protocol.ts";
import type { Events } from "./studio.ts";

/** Milliseconds for which changes are collected. */
const collecting = 30;

/** Most ids of an event; more changes are told as one of the list. */
const mostIds = 1000;

/** Passes events on to all subscribers. Changes of the project and of images in quick succession become one event. */
export class EventHub implements Events {
  private readonly listeners = new Set<(event: StudioEvent) => void>();
  private readonly changedIds = new Set<number>();
  private isListChanged = false;
  private isProjectChanged = false;
  private timer: NodeJS.Timeout | undefined;

  publish(event: StudioEvent): void {
    if (event.type === "images") for (const id of event.ids) this.changedIds.add(id);
    else if (event.type === "list") this.isListChanged = true;
    else if (event.type === "project") this.isProjectChanged = true;
    else return this.send(event);
    this.timer ??= setTimeout(() => this.flush(), collecting).unref();
  }

  subscribe(listen: (event: StudioEvent) => void): () => void {
    this.listeners.add(listen);
    return () => void this.listeners.delete(listen);
  }

  private flush(): void {
    const ids = [...this.changedIds];
    const isList = this.isListChanged || ids.length > mostIds;
    const isProject = this.isProjectChanged;
    this.changedIds.clear();
    [this.isListChanged, this.isProjectChanged, this.timer] = [false, false, undefined];
    if (isList) this.send({ type: "list" });
    else if (ids.length > 0) this.send({ type: "images", ids });
    if (isProject) this.send({ type: "project" });
  }

  private send(event: StudioEvent): void {
    for (const listen of this.listeners) listen(event);
  }
}
