import { doTask } from "../../../method/tasks.ts";
import { webStore } from "../files/store.ts";
import { Volumes } from "../files/volumes.ts";
import { webCodec } from "../images/codec.ts";
import { webOrt } from "../ort/ort.ts";
import type { WorkerAnswer, WorkerRequest, WorkerSetup } from "./workers.ts";

/** The part of a worker's global scope that is used; TypeScript's declarations of pages lack it. */
interface Scope {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(answer: WorkerAnswer, transfer: Transferable[]): void;
}

type Task = (input: unknown) => ReturnType<typeof doTask>;

const scope = globalThis as unknown as Scope;
let work: Task | undefined;
let previous: Promise<unknown> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ("setup" in data) {
    work = tasksOf(data.setup);
    return;
  }
  previous = previous.then(() => answer(data.input));
};

async function answer(input: unknown): Promise<void> {
  try {
    if (!work) throw new Error("worker: a task came before the setup");
    const { reply, transfer } = await work(input);
    const buffers = transfer.map(({ buffer }) => buffer as ArrayBuffer);
    scope.postMessage({ reply }, [...new Set(buffers)]);
  } catch (error) {
    scope.postMessage({ error }, []);
  }
}

/** Does the tasks of this worker's kind. */
function tasksOf({ task, volumes, ortFiles }: WorkerSetup): Task {
  const codec = webCodec(webStore(new Volumes(volumes)));
  // Workers compute side by side, each in its own thread alone.
  const ort = webOrt({ threads: 1, ...(ortFiles !== undefined && { files: ortFiles }) });
  const now = (): number => performance.now() / 1000;
  return (input) => doTask(task, input, { codec, now, runtime: (options) => ort.runtime(options) });
}
