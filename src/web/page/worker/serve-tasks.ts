import { UserError } from "../../../user-error.ts";
import type { Answer, Failure, Request, TaskName, Tasks } from "../protocol.ts";

/** How a task is done. */
export interface Doing<Name extends TaskName> {
  readonly tell: (news: Tasks[Name]["news"]) => void;
  /** Aborted once the page cancels the task. */
  readonly signal: AbortSignal;
  /** Hands an object over to the page instead of copying it. */
  readonly handOver: (object: Transferable) => void;
}

/** The work of a worker, by task. */
export type Work = {
  readonly [Name in TaskName]: (
    input: Tasks[Name]["input"],
    doing: Doing<Name>,
  ) => Promise<Tasks[Name]["result"]>;
};

/** The part of a worker's global scope that is used; TypeScript's declarations of pages lack it. */
interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(answer: Answer, transfer?: Transferable[]): void;
}

/** Answers the requests of the page. Tasks overlap. */
export function serveTasks(work: Work): void {
  const scope = globalThis as unknown as Scope;
  const running = new Map<number, AbortController>();
  const answer = async <Name extends TaskName>(
    id: number,
    name: Name,
    input: Tasks[Name]["input"],
  ): Promise<void> => {
    const ending = new AbortController();
    running.set(id, ending);
    const transfer: Transferable[] = [];
    try {
      const result = await work[name](input, {
        tell: (news) => scope.postMessage({ id, news }),
        signal: ending.signal,
        handOver: (object) => transfer.push(object),
      });
      scope.postMessage({ id, result }, transfer);
    } catch (error) {
      scope.postMessage({ id, failure: failureOf(error) });
    } finally {
      running.delete(id);
    }
  };
  scope.onmessage = ({ data }) => {
    if ("cancel" in data) running.get(data.id)?.abort(new UserError("canceled", canceled));
    else void answer(data.id, data.task, data.input as never);
  };
}

const canceled = { code: "canceled" } as const;

/** An error as the page shows it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof UserError) {
    const { message, code, remedies } = error;
    const [first] = remedies.filter((one) => one.kind === "setting" || one.kind === "retrain");
    return { message, code, ...(first && { setting: first.key }) };
  }
  // What images and networks are too large for is no fault of the program.
  if (error instanceof RangeError) return { message: error.message, code: "out-of-range" };
  if (error instanceof Error) {
    return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
  }
  return { message: String(error) };
}
