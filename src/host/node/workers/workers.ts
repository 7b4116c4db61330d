import type { TaskName, Workers } from "../../workers.ts";
import { workerEntry } from "./worker-entry.ts";

/** Data that a thread starts with. */
export interface ThreadSetup {
  readonly task: TaskName;
}

/** Worker threads of Node, through Tinypool. */
export const nodeWorkers: Workers = {
  pool(task, threads, { least = threads, tasks = 1 } = {}) {
    const setup: ThreadSetup = { task };
    // Tinypool is loaded with the first pool: commands without worker threads never load it.
    const starting = import("tinypool").then(
      ({ default: Tinypool }) =>
        new Tinypool({
          filename: workerEntry().href,
          runtime: "worker_threads",
          minThreads: least,
          maxThreads: threads,
          concurrentTasksPerWorker: tasks,
          // An idle thread would sleep where no event reaches it. In Deno 2.9 a task may come by one; nothing gets slower.
          useAtomics: false,
          workerData: setup,
        }),
    );
    starting.catch(() => undefined);
    return {
      async run(input, transfer = []) {
        return (await starting).run(input, { transferList: [...transfer] }) as Promise<unknown>;
      },
      async close() {
        await (await starting).destroy();
      },
    };
  },
};
