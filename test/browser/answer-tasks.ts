/** Work that a page asks a worker for by name. */
export type Tasks = Readonly<Record<string, (...values: never[]) => unknown>>;

interface Question {
  readonly task: string;
  readonly values: never[];
  readonly port: { postMessage(answer: unknown): void };
}

/** The whole of a worker behind `openWorkerPage`: does what the page asks for. */
export function answerTasks(tasks: Tasks): void {
  const scope = globalThis as unknown as {
    onmessage: (event: { data: Question }) => void;
    postMessage: (message: string) => void;
  };
  const answer = async ({ task, values, port }: Question): Promise<void> => {
    try {
      port.postMessage({ result: await tasks[task]!(...values) });
    } catch (error) {
      port.postMessage({ error: error instanceof Error ? error.message : String(error) });
    }
  };
  scope.onmessage = ({ data }) => void answer(data);
  scope.postMessage("ready");
}
