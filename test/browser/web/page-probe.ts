// Stands in a built page beside its own code, for tests: starts a worker of the same build, which answers by `answerTasks`.

const worker = new Worker(new URL("./page-probe-worker.ts", import.meta.url), { type: "module" });
// What is sent before its modules have been evaluated would be lost.
const ready = new Promise((resolve, reject) => {
  worker.onmessage = resolve;
  worker.onerror = ({ message }) => reject(new Error(`probe: ${message}`));
});

async function ask(task: string, ...values: unknown[]): Promise<unknown> {
  await ready;
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ task, values, port: port2 }, [port2]);
  const { data } = await new Promise<MessageEvent>((resolve) => (port1.onmessage = resolve));
  if ("error" in data) throw new Error(data.error);
  return data.result;
}

Object.assign(globalThis, { ask });
