import type { Runtime } from "../src/graph/index.ts";

/** The same runtime; `created` gains the seconds that each session took to make. */
export function timedRuntime(runtime: Runtime, now: () => number, created: number[]): Runtime {
  return {
    device: runtime.device,
    async createSession(model) {
      const start = now();
      const session = await runtime.createSession(model);
      created.push(now() - start);
      return session;
    },
  };
}
