import type { Session } from "../../engine/graph/index.ts";

/** A session that is created when first used, and again after it was released or could not be created. */
export class LazySession {
  private session: Promise<Session> | null = null;

  constructor(private readonly create: () => Promise<Session>) {}

  async get(): Promise<Session> {
    this.session ??= this.create();
    try {
      return await this.session;
    } catch (error) {
      this.session = null;
      throw error;
    }
  }

  /** Starts creating the session; if that fails, the next `get` tries again and throws the error. */
  warmUp(): void {
    this.get().catch(() => undefined);
  }

  async release(): Promise<void> {
    const session = this.session;
    this.session = null;
    if (session) await (await session).release();
  }
}
