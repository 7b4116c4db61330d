import { nodeHost } from "../../../host/node/host.ts";
import { sentError } from "../child-process.ts";
import { ModelWorker, type ModelWork } from "./model-work.ts";

/** Computes with models, in a process of its own, as long as the server is there. */
const worker = new ModelWorker(nodeHost);
process.on("message", ({ id, work }: { id: number; work: ModelWork }) => {
  worker.answer(work).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: sentError(error) }),
  );
});
process.once("disconnect", () => process.exit());
