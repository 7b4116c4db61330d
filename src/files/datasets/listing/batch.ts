/** Gathers items that come one by one: a `NameTable` finds many names at a time faster. */
export class Batch<T> {
  private items: T[] = [];

  constructor(
    private readonly handle: (items: readonly T[]) => void,
    private readonly size = 256,
  ) {}

  push(item: T): void {
    this.items.push(item);
    if (this.items.length === this.size) this.end();
  }

  /** Handles the items that are left. */
  end(): void {
    const { items } = this;
    this.items = [];
    this.handle(items);
  }

  clear(): void {
    this.items = [];
  }
}
