import type { Session } from "../../engine/graph/index.ts";

/** A session made when first asked for, and made again after it was released or could not be made. */
export class LazySession {
  private made: Promise<Session> | null = null;

  constructor(private readonly create: () => Promise<Session>) {}

  async get(): Promise<Session> {
    this.made ??= this.create();
    try {
      return await this.made;
    } catch (error) {
      this.made = null;
      throw error;
    }
  }

  /** Begins to make it; should that fail, whoever asks for it makes it again and is told. */
  warmUp(): void {
    this.get().catch(() => undefined);
  }

  async release(): Promise<void> {
    const made = this.made;
    this.made = null;
    if (made) await (await made).release();
  }
}
