import type { StudioEvent } from "../../protocol.ts";
import { request, RequestFailed, tokenName } from "../api.ts";
import { serverEvents } from "./server-events.ts";

/** How the page stands with its server; `refused` where another token is wanted, as after the server was started anew. */
export type Connection = "connecting" | "online" | "offline" | "refused";

type Message =
  | { readonly kind: "event"; readonly event: StudioEvent }
  | { readonly kind: "connection"; readonly connection: Connection }
  | { readonly kind: "ask" };

const longestPause = 5_000;
/** A stream that says nothing for so long is asked whether it still lives. */
const quietMs = 45_000;

/**
 * The server's events in this tab. One tab of all holds the stream, as browsers allow few connections to a server, and passes the
 * events on; when it is closed the next takes over. After an interruption everything may have changed, so listeners get the events
 * that make them fetch again.
 */
export class EventStream {
  readonly #channel = new BroadcastChannel(`tag2mask-${tokenName}`);
  readonly #listeners = new Set<(event: StudioEvent) => void>();
  readonly #watchers = new Set<() => void>();
  readonly #closed = new AbortController();
  #connection: Connection = "connecting";
  #isLeader = false;
  #wake: () => void = () => undefined;

  constructor() {
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "event") this.#deliver(data.event);
      else if (data.kind === "connection") this.#set(data.connection);
      else if (this.#isLeader) this.#tell(this.#connection);
    };
    this.#channel.postMessage({ kind: "ask" } satisfies Message);
    navigator.locks
      .request(`tag2mask-${tokenName}`, { signal: this.#closed.signal }, () => this.#lead())
      .catch((error: unknown) => {
        if (!this.#closed.signal.aborted) throw error;
      });
    addEventListener("online", this.retry, { signal: this.#closed.signal });
  }

  connection = (): Connection => this.#connection;

  /** @returns ends it */
  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  /** @returns ends it */
  listen = (listener: (event: StudioEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Tries at once instead of after the pause. */
  retry = (): void => this.#wake();

  /** Resolves when the server answers again. */
  async online(): Promise<void> {
    if (this.#connection === "online") return;
    await new Promise<void>((resolve) => {
      const end = this.watch(() => {
        if (this.#connection !== "online") return;
        end();
        resolve();
      });
    });
  }

  /** A request of this tab did not reach the server. */
  lost(): void {
    if (this.#connection === "online") this.#set("offline");
    // The stream may not have noticed yet; its tab finds out how things stand.
    this.#channel.postMessage({ kind: "ask" } satisfies Message);
    if (this.#isLeader) this.#stream?.abort();
  }

  close(): void {
    this.#closed.abort();
    this.#stream?.abort();
    this.#channel.close();
  }

  #stream: AbortController | undefined;

  async #lead(): Promise<void> {
    this.#isLeader = true;
    let isFirst = true;
    for (let pause = 250; !this.#closed.signal.aborted; pause = Math.min(2 * pause, longestPause)) {
      try {
        await this.#follow(() => {
          pause = 250;
          this.#tell("online");
          if (!isFirst) this.#everythingChanged();
          isFirst = false;
        });
        this.#tell("offline");
      } catch (error) {
        const isRefused =
          error instanceof RequestFailed && (error.status === 401 || error.status === 403);
        this.#tell(isRefused ? "refused" : "offline");
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, pause);
      });
    }
  }

  async #follow(opened: () => void): Promise<void> {
    this.#stream = new AbortController();
    const { signal } = this.#stream;
    const response = await request("/api/events", { signal });
    opened();
    let heard = Date.now();
    const watch = setInterval(() => {
      if (Date.now() - heard < quietMs) return;
      request("/api/health", { signal: AbortSignal.timeout(10_000) }).then(
        () => (heard = Date.now()),
        () => this.#stream?.abort(),
      );
    }, 15_000);
    try {
      for await (const { data } of serverEvents(response, () => (heard = Date.now()))) {
        const event = parsed(data);
        if (event !== undefined) this.#pass(event);
      }
    } finally {
      clearInterval(watch);
    }
  }

  #everythingChanged(): void {
    this.#pass({ type: "project" });
    this.#pass({ type: "list" });
  }

  #pass(event: StudioEvent): void {
    this.#channel.postMessage({ kind: "event", event } satisfies Message);
    this.#deliver(event);
  }

  #deliver(event: StudioEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #tell(connection: Connection): void {
    this.#channel.postMessage({ kind: "connection", connection } satisfies Message);
    this.#set(connection);
  }

  #set(connection: Connection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** The event that a server sent; undefined for one that is damaged. */
function parsed(data: string): StudioEvent | undefined {
  try {
    return JSON.parse(data) as StudioEvent;
  } catch {
    return undefined;
  }
}
