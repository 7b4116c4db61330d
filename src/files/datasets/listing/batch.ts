/** Gathers what comes one by one: names are found faster many at a time. */
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

  /** Handles what is left. */
  end(): void {
    const { items } = this;
    this.items = [];
    this.handle(items);
  }

  clear(): void {
    this.items = [];
  }
}
