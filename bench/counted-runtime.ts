import type { Runtime, Session } from "../src/engine/graph/index.ts";

/** One run of a session: what it was asked for, and what there was when it ended. */
export interface SessionRun {
  /** Names of its outputs. */
  readonly outputs: readonly string[];
  /** Resident memory before and after, bytes. */
  readonly rssBefore: number;
  readonly rssAfter: number;
}

/** Record of a counted runtime's runs; readers may empty it. */
export interface RunLog {
  readonly runs: SessionRun[];
  /** Seconds to create each session. */
  readonly created: number[];
  /** Resident memory after the last session was created, bytes. */
  rssOfCreation: number;
}

/** The same runtime with its runs recorded in a log. */
export function countedRuntime(runtime: Runtime, now: () => number, log: RunLog): Runtime {
  return {
    ...runtime,
    async createSession(model, options) {
      const start = now();
      const session = await runtime.createSession(model, options);
      log.created.push(now() - start);
      log.rssOfCreation = process.memoryUsage.rss();
      return counted(session, log);
    },
  };
}

function counted(session: Session, log: RunLog): Session {
  return {
    inputNames: session.inputNames,
    async run(feeds, fetches) {
      const rssBefore = process.memoryUsage.rss();
      const results = await session.run(feeds, fetches);
      log.runs.push({
        outputs: Object.keys(fetches),
        rssBefore,
        rssAfter: process.memoryUsage.rss(),
      });
      return results;
    },
    release: () => session.release(),
  };
}
