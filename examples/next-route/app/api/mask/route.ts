import { nodeHost, Segmenter, UserError } from "tag2mask";

// ONNX Runtime and sharp are native code: this route needs Node, not the Edge runtime.
export const runtime = "nodejs";

const mostBytes = 20e6;
let opening: Promise<Segmenter> | undefined;

/** The model, opened with the first request and kept for all others. */
function segmenter(): Promise<Segmenter> {
  const model = process.env["TAG2MASK_MODEL"];
  if (!model) throw new Error("TAG2MASK_MODEL: not set; give the path of an exported .onnx");
  opening ??= Segmenter.open(model, { device: "cpu" }).catch((error: unknown) => {
    // The next request tries again.
    opening = undefined;
    throw error;
  });
  return opening;
}

/** Takes an image as the body and answers with its mask, a palette PNG whose indices are the classes. */
export async function POST(request: Request): Promise<Response> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > mostBytes) {
    return Response.json({ error: `image: larger than ${mostBytes} bytes` }, { status: 413 });
  }
  const model = await segmenter();
  try {
    const image = await nodeHost.codec.decode({ bytes, name: "image" });
    const { classes, confidence, ...labels } = await model.segment(image);
    const png = await nodeHost.codec.encodeLabels(labels);
    return new Response(new Uint8Array(png), {
      headers: {
        "content-type": "image/png",
        "x-classes": encodeURIComponent(JSON.stringify(classes)),
        "x-confidence": String(confidence),
      },
    });
  } catch (error) {
    // What is no image is the sender's mistake; everything else is ours.
    if (!(error instanceof UserError)) throw error;
    return Response.json({ error: error.message }, { status: 400 });
  }
}
