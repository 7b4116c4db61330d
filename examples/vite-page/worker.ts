import { maskBlob, Segmenter, webHost } from "tag2mask-web";

export type Request = { readonly model: File } | { readonly image: File };

export interface Answer {
  /** What to tell the visitor. */
  readonly text: string;
  readonly image?: Blob;
  /** A palette PNG as large as the image, whose indices are the classes. */
  readonly mask?: Blob;
}

const host = webHost();
let segmenter: Segmenter | undefined;

async function answer(request: Request): Promise<Answer> {
  if ("model" in request) {
    await segmenter?.release();
    segmenter = undefined;
    segmenter = await Segmenter.open(host, request.model);
    return { text: `${host.threads.note}; classes: ${segmenter.classes.join(", ")}` };
  }
  if (!segmenter) return { text: "Choose a model first." };
  const { image } = request;
  const bytes = new Uint8Array(await image.arrayBuffer());
  const pixels = await host.codec.decode({ bytes, name: image.name });
  const { classes, ...labels } = await segmenter.segment(pixels);
  // Label 0 is the background.
  const found = new Set(labels.data);
  return {
    text: `found: ${classes.filter((_, i) => found.has(i + 1)).join(", ")}`,
    image,
    mask: await maskBlob(host, labels),
  };
}

// One after another: a model is not released while it computes.
let previous: Promise<unknown> = Promise.resolve();
onmessage = ({ data }: MessageEvent<Request>) => {
  previous = previous
    .then(() => answer(data))
    .catch((error: unknown): Answer => ({
      text: error instanceof Error ? error.message : String(error),
    }))
    .then((reply) => postMessage(reply));
};
