import { realpath } from "node:fs/promises";
import { Hono, type Context } from "hono";
import { join } from "../../../files/text/path.ts";
import { detailsRequestSchema, imagesQuerySchema } from "../../protocol.ts";
import { checked, readBody } from "../body.ts";
import { notFound } from "../failure.ts";
import type { IndexedImage, Studio } from "../studio.ts";
import type { ImageIndex } from "./image-index.ts";
import type { Library } from "./library.ts";
import { imageBody, type Picture } from "./image-body.ts";
import { openBelow, versionOf, type OpenedImage } from "./image-file.ts";
import { Thumbnails } from "./thumbnails.ts";

/** `/images`, `/images/details`, the neighbors and the pictures of an image. */
export function imageRoutes(
  studio: Pick<Studio, "host" | "root" | "folder"> & {
    readonly images: ImageIndex;
    readonly library: Library;
  },
): Hono {
  const { host, images } = studio;
  const thumbnails = new Thumbnails(host, join(studio.folder, "thumbs"));
  const root = realpath(studio.root);

  const imageAt = (c: Context): IndexedImage => imageOf(studio, c);
  const open = async (image: IndexedImage): Promise<OpenedImage> =>
    openBelow(await root, image.path);

  return new Hono()
    .get("/images", (c) => {
      const page = images.encodedPage(checked(imagesQuerySchema, c.req.query()));
      return c.body(page, 200, { "content-type": "application/octet-stream" });
    })
    .post("/images/details", async (c) => {
      const { ids } = await readBody(c, detailsRequestSchema);
      await studio.library.look(ids);
      return c.json(images.details(ids));
    })
    .get("/images/:id/neighbors", (c) => c.json(images.neighbors(imageAt(c).id)))
    .get("/images/:id/thumb", async (c) => {
      const image = imageAt(c);
      const opened = await open(image);
      await opened.file.close();
      const version = versionOf(opened.size, opened.modified);
      return cached(c, version, async () => {
        const webp = await thumbnails.get(image.file, opened.path, version, c.req.raw.signal);
        return { type: "image/webp", body: new Uint8Array(webp) };
      });
    })
    .get("/images/:id/image", async (c) => {
      const opened = await open(imageAt(c));
      const version = versionOf(opened.size, opened.modified);
      return cached(
        c,
        version,
        () => imageBody(host.codec, opened),
        () => opened.file.close(),
      );
    });
}

/** The image that an address names by its id; a RequestError if there is none. */
export function imageOf({ images }: Pick<Studio, "images">, c: Context): IndexedImage {
  const text = c.req.param("id") ?? "";
  const image = /^\d{1,10}$/.test(text) ? images.at(Number(text)) : undefined;
  if (!image) throw notFound("There is no such image.");
  return image;
}

/**
 * Answers with a picture. An address with the version of the content stays good for ever; with another one the browser asks again
 * each time.
 * @param unused called if the browser has it already
 */
async function cached(
  c: Context,
  version: number,
  read: () => Promise<Picture>,
  unused: () => Promise<void> = () => Promise.resolve(),
): Promise<Response> {
  const tag = `"${version.toString(16)}"`;
  const headers = {
    etag: tag,
    "cache-control":
      c.req.query("v") === String(version) ? "private, max-age=31536000, immutable" : "no-cache",
  };
  if (c.req.header("if-none-match") === tag) {
    await unused();
    return c.body(null, 304, headers);
  }
  const { type, size, body } = await read();
  const length = size === undefined ? {} : { "content-length": String(size) };
  return new Response(body, { headers: { ...headers, ...length, "content-type": type } });
}
