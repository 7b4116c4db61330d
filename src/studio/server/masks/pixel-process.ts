import { nodeCodec } from "../../../host/node/images/codec.ts";
import { sentError } from "../child-process.ts";
import { workOnPixels, type PixelWork } from "./pixel-work.ts";

/** Does the work of a `PixelWorker` in a process of its own, one piece after the other, as long as the server is there. */
process.on("message", ({ id, work }: { id: number; work: PixelWork }) => {
  workOnPixels(nodeCodec, work).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: sentError(error) }),
  );
});
process.once("disconnect", () => process.exit());
