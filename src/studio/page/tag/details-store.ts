import type { ImageDetails } from "../../protocol.ts";
import { getDetails } from "../api.ts";

// The same as in protocol.ts, which would bring its validation into the page.
const mostDetails = 500;
const mostKept = 20_000;

/** What is known of single images. */
export class DetailsStore {
  readonly #known = new Map<number, ImageDetails>();
  readonly #asked = new Set<number>();
  readonly #watchers = new Set<(changed: readonly ImageDetails[]) => void>();

  /** @param isNewer whether what is known of an image here is newer than what the server knows */
  constructor(
    readonly isNewer: (id: number) => boolean,
    readonly failed: (error: unknown) => void,
    readonly fetchDetails = getDetails,
  ) {}

  /** Told about the images of which something new is known. @returns ends it */
  watch = (listen: (changed: readonly ImageDetails[]) => void): (() => void) => {
    this.#watchers.add(listen);
    return () => void this.#watchers.delete(listen);
  };

  get(id: number): ImageDetails | undefined {
    return this.#known.get(id);
  }

  /** Fetches in the background what is not known of these. */
  want(ids: readonly number[]): void {
    const missing = ids.filter((id) => !this.#known.has(id) && !this.#asked.has(id));
    if (missing.length === 0) return;
    for (const id of missing) this.#asked.add(id);
    this.fetch(missing)
      .catch(this.failed)
      .finally(() => {
        for (const id of missing) this.#asked.delete(id);
      });
  }

  /** What is known of these now, fetched where it is not known yet. */
  async all(ids: readonly number[]): Promise<ImageDetails[]> {
    const missing = ids.filter((id) => !this.#known.has(id));
    const fetched = await this.fetch(missing);
    const byId = new Map(fetched.map((one) => [one.id, one]));
    return ids.flatMap((id) => byId.get(id) ?? this.#known.get(id) ?? []);
  }

  /** Fetches these, known or not. */
  async fetch(ids: readonly number[]): Promise<ImageDetails[]> {
    const fetched: ImageDetails[] = [];
    for (let start = 0; start < ids.length; start += mostDetails) {
      const details = await this.fetchDetails(ids.slice(start, start + mostDetails));
      this.put(details.filter(({ id }) => !this.isNewer(id)));
      fetched.push(...details);
    }
    return fetched;
  }

  put(details: readonly ImageDetails[]): void {
    for (const one of details) {
      this.#known.delete(one.id);
      this.#known.set(one.id, one);
    }
    for (const [oldest] of this.#known) {
      if (this.#known.size <= mostKept) break;
      this.#known.delete(oldest);
    }
    for (const watcher of [...this.#watchers]) watcher(details);
  }

  /** Something about these changed, nobody knows what. */
  forget(ids: Iterable<number>): void {
    for (const id of ids) this.#known.delete(id);
  }

  forgetAll(): void {
    this.forget([...this.#known.keys()].filter((id) => !this.isNewer(id)));
  }
}
