import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, resolve } from "node:path";
import { brushResults } from "../../../files/formats/label-studio/brush-results.ts";
import { nodeHost } from "../../../host/node/host.ts";
import { MaskServer, type MaskServerOptions } from "../../../jobs/serve-masks.ts";
import { findRegions } from "../../../method/images/regions.ts";
import { sentError } from "../child-process.ts";
import type { FromMasks, MaskAnswer, MaskWork, ModelFacts, ToMasks } from "./mask-messages.ts";

/** Makes masks in a process of its own, so that the server answers at once whatever is computed. Ends with the server. */
let server: MaskServer | undefined;

process.on("message", (message: ToMasks) => {
  if (message.type === "open") {
    open(message.options).then(
      (facts) => send({ type: "opened", facts }),
      (error: unknown) => send({ type: "failed", error: sentError(error) }),
    );
  } else {
    const { id, work } = message;
    make(work).then(
      (answer) => send({ type: "made", id, answer }),
      (error: unknown) => {
        const sent = sentError(error);
        // Nobody expected it, so the terminal shows where it comes from.
        if (sent.code === undefined && error instanceof Error) {
          process.stderr.write(`${error.stack}\n`);
        }
        send({ type: "refused", id, error: sent });
      },
    );
  }
});
process.once("disconnect", () => process.exit());

function send(message: FromMasks): void {
  if (process.connected) process.send!(message, () => undefined);
}

async function open(options: MaskServerOptions): Promise<ModelFacts> {
  const opening = MaskServer.open(nodeHost, options);
  let device = "cpu";
  let next = await opening.next();
  for (; !next.done; next = await opening.next()) device = next.value.choice.device;
  server = next.value;
  const { classes, file, lanes } = server;
  return { classes, device, lanes, version: await versionOf(options, file) };
}

/** The name of a model with a digest of its weights and of how it looks at images. */
async function versionOf(
  { model, scales, flip, longSide, crf }: MaskServerOptions,
  file: string,
): Promise<string> {
  const digest = createHash("sha256");
  for await (const piece of createReadStream(file)) digest.update(piece as Buffer);
  digest.update(JSON.stringify({ scales, flip, longSide, crf }));
  const name = basename(resolve(model)).replace(/\.(safetensors|onnx)$/i, "");
  return `tag2mask-${name}-${digest.digest("hex").slice(0, 8)}`;
}

async function make(work: MaskWork): Promise<MaskAnswer> {
  const { name, bytes, tags, labels, instances, ...names } = work;
  const mask = await server!.mask({ name, bytes }, tags ?? undefined);
  const nameOf = (label: number): string | undefined => labels[label - 1];
  const results = brushResults(findRegions(mask.labels, instances), { ...names, nameOf });
  return { score: mask.confidence, results };
}
