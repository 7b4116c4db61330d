import type { StudioEvent } from "../protocol.ts";
import type { Events } from "./studio.ts";

/** Passes events on to all subscribers. */
export class EventHub implements Events {
  private readonly listeners = new Set<(event: StudioEvent) => void>();

  publish(event: StudioEvent): void {
    for (const listen of this.listeners) listen(event);
  }

  subscribe(listen: (event: StudioEvent) => void): () => void {
    this.listeners.add(listen);
    return () => void this.listeners.delete(listen);
  }
}
