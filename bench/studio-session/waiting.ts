import { setTimeout as pause } from "node:timers/promises";

/** Seconds after which what does not come is a failure, on a machine with other work. */
const patience = 900;

/** Asks twice a second until there is an answer; an error names what did not come. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 1000 * patience; Date.now() < end;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(500);
  }
  throw new Error(`${what}: not there after ${patience} s`);
}
