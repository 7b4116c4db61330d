import { randomBytes } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { notFound } from "./failure.ts";
import { contentSecurityPolicy } from "./security.ts";

/** Types of the files that a page is made of. */
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
  ".png": "image/png",
};

/** The folder of the built page, seen from the sources or from the build. */
const folder = fileURLToPath(
  new URL(
    extname(import.meta.url) === ".ts" ? "../../../dist/studio/page" : "../page",
    import.meta.url,
  ),
);

/** Serves the page. Its files are all in memory, so that no address leads to any other. */
export function pageRoutes(): Hono {
  let [files, builtAt] = [new Map<string, Uint8Array>(), 0];
  const read = async (path: string): Promise<Uint8Array> => {
    const built = await stat(join(folder, "index.html")).catch(() => undefined);
    if (!built) throw notFound("The page of the studio is not built: `npm run page` does that.");
    if (built.mtimeMs !== builtAt) [files, builtAt] = [await readAll(), built.mtimeMs];
    const file = files.get(path);
    if (!file) throw notFound();
    return file;
  };
  return new Hono()
    .get("/", async (c) => {
      const nonce = randomBytes(16).toString("base64url");
      const html = Buffer.from(await read("index.html")).toString("utf8");
      // The library of the page's controls gives it to the style elements that it makes.
      const meta = `<meta property="csp-nonce" nonce="${nonce}" />`;
      return c.body(html.replace("<head>", `<head>${meta}`), 200, {
        "content-type": types[".html"]!,
        "content-security-policy": contentSecurityPolicy(nonce),
      });
    })
    .get("/*", async (c) => {
      const path = c.req.path.slice(1);
      const type = types[extname(path)];
      if (type === undefined || path === "index.html") throw notFound();
      const body = await read(path);
      // Their names change with their content.
      const isHashed = path.startsWith("assets/");
      return c.body(new Uint8Array(body), 200, {
        "content-type": type,
        "cache-control": isHashed ? "private, max-age=31536000, immutable" : "no-cache",
      });
    });
}

async function readAll(): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    await Promise.all(
      files.map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        const address = path.slice(folder.length + 1).replaceAll("\\", "/");
        return [address, await readFile(path)] as const;
      }),
    ),
  );
}
