/** Most images that are chosen at a time: as many as one request changes. */
export const mostSelected = 10_000;

/** Where the keyboard is in the grid, and which images are chosen. */
export class Selection {
  #ids = new Set<number>();
  /** Chosen before the range that is being stretched. */
  #base = new Set<number>();
  #position = 0;
  #anchor = 0;
  #version = 0;
  readonly #watchers = new Set<() => void>();

  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };
  /** Counts up with every change. */
  version = (): number => this.#version;

  get ids(): ReadonlySet<number> {
    return this.#ids;
  }

  /** Position of the focus in the list. */
  get position(): number {
    return this.#position;
  }

  /** Where ranges begin. */
  get anchor(): number {
    return this.#anchor;
  }

  /** Moves the focus; ranges begin here from now on. */
  moveTo(position: number): void {
    this.#position = position;
    this.#anchor = position;
    this.#base = new Set(this.#ids);
    this.#changed();
  }

  toggle(position: number, id: number): void {
    if (!this.#ids.delete(id)) this.#ids.add(id);
    this.moveTo(position);
  }

  /**
   * Chooses a range from the anchor to a position, besides what was chosen before it was begun.
   * @param ids of that range
   * @returns whether all of them fit
   */
  stretchTo(position: number, ids: readonly number[]): boolean {
    this.#position = position;
    const all = new Set([...this.#base, ...ids]);
    this.#ids = new Set([...all].slice(0, mostSelected));
    this.#changed();
    return all.size <= mostSelected;
  }

  /** Chooses these alone. */
  set(ids: readonly number[]): void {
    this.#ids = new Set(ids.slice(0, mostSelected));
    this.#base = new Set(this.#ids);
    this.#changed();
  }

  clear(): void {
    this.set([]);
  }

  #changed(): void {
    this.#version++;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
