import { makeZip } from "client-zip";
import { encode } from "fast-png";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeCodec } from "../../src/host/node/images/codec.ts";
import { generateScene } from "../../src/method/data/scenes.ts";
import { missing } from "./launch.ts";
import { openSite, type WebPage, type WebSite } from "./open-web-site.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

const noise = Uint8Array.from({ length: 37 * 23 * 4 }, (_, i) => (i * 7919 + (i >> 3)) % 256);
const size = { width: 37, height: 23 };
const rgb = (): Sharp => sharp(noise.subarray(0, 37 * 23 * 3), { raw: { ...size, channels: 3 } });
const rgba = (): Sharp => sharp(noise, { raw: { ...size, channels: 4 } });

describe.skipIf(missing !== null)("the host of a browser, in Chromium", () => {
  let site: WebSite;
  let page: WebPage;
  const scene = generateScene({ seed: 3, index: 0, size: 80 }).image;
  const ask: WebPage["ask"] = (...values) => page.ask(...values);
  beforeAll(async () => {
    const entries = [
      { name: "a/ö.txt", input: "first" },
      { name: "b.txt", input: "second" },
    ];
    const zip = new Uint8Array(await new Response(makeZip(entries)).arrayBuffer());
    site = await openSite("host-worker.ts", { "/a.zip": zip });
    page = await site.open();
  }, 120_000);
  afterAll(() => site?.close());

  describe("images", () => {
    const deep = Uint16Array.from(noise, (value, i) => value * 251 + (i % 5));
    const pictures: Record<string, () => Promise<Uint8Array> | Uint8Array> = {
      "RGB PNG": () => rgb().png().toBuffer(),
      "gray PNG": () => rgb().grayscale().toColourspace("b-w").png().toBuffer(),
      "palette PNG": () => rgb().png({ palette: true, colours: 9 }).toBuffer(),
      "16-bit PNG": () => encode({ ...size, channels: 4, depth: 16, data: deep }),
      "PNG with alpha": () => rgba().png().toBuffer(),
      "interlaced PNG": () => rgba().png({ progressive: true }).toBuffer(),
      "interlaced PNG of few bits": () =>
        rgb().threshold(128).png({ palette: true, colours: 2, progressive: true }).toBuffer(),
    };
    test.each(Object.entries(pictures))("%s has Node's pixels and header", async (_, make) => {
      const bytes = await make();
      const expected = await nodeCodec.decode({ bytes, name: "x" });
      const found = (await ask("decode", base64(bytes))) as { data: string };
      expect({ ...found, data: bytesOf(found.data) }).toEqual({
        ...expected,
        data: new Uint8Array(expected.data),
      });
      const header = await nodeCodec.header({ bytes, name: "x" });
      expect(await ask("header", base64(bytes))).toEqual(header);
    });

    test.each([2, 6])("a JPEG of Exif orientation %i is upright", async (orientation) => {
      const smooth = sharp({ create: { ...size, channels: 3, background: "#205080" } }).composite([
        { input: { create: { width: 10, height: 8, channels: 3, background: "#f0c020" } }, left: 2, top: 3 }, // prettier-ignore
      ]);
      const png = await smooth.png().toBuffer();
      const bytes = await sharp(png).withMetadata({ orientation }).jpeg({ quality: 98 }).toBuffer();
      const expected = await nodeCodec.decode({ bytes, name: "x" });
      const found = (await ask("decode", base64(bytes))) as { width: number; data: string };
      expect(found.width).toBe(expected.width);
      const pixels = bytesOf(found.data);
      const off = expected.data.map((value, i) => Math.abs(value - pixels[i]!));
      expect(Math.max(...off)).toBeLessThan(12);
      const header = await nodeCodec.header({ bytes, name: "x" });
      expect(await ask("header", base64(bytes))).toEqual(header);
    });

    test("what is written is read by Node", async () => {
      const { width, height, data } = scene;
      const png = bytesOf((await ask("encodePng", width, height, base64(data))) as string);
      expect(await nodeCodec.decode({ bytes: png, name: "x" })).toEqual(scene);
      const labels = { width: 20, height: 10, data: noise.slice(0, 200) };
      const mask = bytesOf((await ask("labels", 20, 10, base64(labels.data))) as string);
      expect(await nodeCodec.decodeLabels({ bytes: mask, name: "x" })).toEqual(labels);
      const small = (await ask("thumbnail", base64(png), 40)) as { width: number; jpeg: string };
      expect(await nodeCodec.header({ bytes: bytesOf(small.jpeg), name: "x" })).toMatchObject({
        width: 40,
        height: 40,
        format: "jpeg",
      });
    });

    test("what is no image is refused in words", async () => {
      const text = base64(Buffer.from("hello, I am no image"));
      await expect(ask("decode", text)).rejects.toThrow("x: not a readable image: this browser");
      await expect(ask("header", text)).rejects.toThrow("x: not a readable image");
      await expect(ask("decode", "")).rejects.toThrow("x: the file is empty");
    });
  });

  describe("files", () => {
    test("are there when the page is opened again", async () => {
      await ask("write", "deep/er/a.txt", "kept");
      await page.page.reload();
      await page.page.waitForFunction("'ask' in globalThis");
      expect(await ask("read", "/deep/er/a.txt")).toBe("kept");
      expect(await ask("stat", "deep")).toMatchObject({ kind: "folder" });
      expect(await ask("stat", "deep/nothing")).toBeUndefined();
      expect(await ask("list", "deep")).toEqual({ folders: ["er"], files: [] });
    });

    test("that fail to be written leave the old ones and nothing else", async () => {
      await ask("write", "atomic/a.txt", "old");
      await expect(ask("writeFailing", "atomic/a.txt")).rejects.toThrow(
        "atomic/a.txt: cannot be written: the source ended",
      );
      expect(await ask("read", "atomic/a.txt")).toBe("old");
      await ask("makeFolder", "atomic/taken");
      await expect(ask("writeTwo", "atomic/a.txt", "atomic/taken", "new")).rejects.toThrow(
        "atomic/taken: cannot be written",
      );
      expect(await ask("read", "atomic/a.txt")).toBe("old");
      expect(await ask("list", "atomic")).toEqual({ folders: ["taken"], files: ["a.txt"] });
      await ask("write", "atomic/a.txt", "new");
      expect(await ask("read", "atomic/a.txt")).toBe("new");
    });

    test("grow, in place or until they are finished", async () => {
      expect(await ask("appended", "log.txt")).toEqual(["one\ntwo\n", "one\nthree\n"]);
      expect(await ask("streamed", "streams/a.txt")).toEqual([false, 400_000]);
      expect(await ask("list", "streams")).toEqual({ folders: [], files: ["a.txt"] });
    });

    test("are moved, claimed and removed with their folders", async () => {
      await ask("write", "from/in/a.txt", "a");
      expect(await ask("moveFolder", "from", "to")).toBe(true);
      expect(await ask("read", "to/in/a.txt")).toBe("a");
      expect(await ask("stat", "from")).toBeUndefined();
      await ask("write", "from/b.txt", "b");
      expect(await ask("moveFolder", "from", "to")).toBe(false);
      expect(await ask("claimFolder", "to")).toBe(false);
      expect(await ask("claimFolder", "to/new")).toBe(true);
      await expect(ask("claimFolder", "nowhere/new")).rejects.toThrow("no such file or folder");
      expect(await ask("makeFolder", "x/y/z")).toBe("/x");
      await ask("remove", "to");
      expect(await ask("stat", "to")).toBeUndefined();
    });

    test("of a given folder are read, never written", async () => {
      const path = (await ask("folderOf", { "a/b.txt": "\uFEFFb", "c.txt": "c" })) as string;
      expect(await ask("list", path)).toEqual({ folders: ["a"], files: ["c.txt"] });
      expect(await ask("read", `${path}/a/b.txt`)).toBe("b");
      await expect(ask("read", `${path}/no.txt`)).rejects.toThrow(
        `${path}/no.txt: cannot be read: no such file or folder`,
      );
      await expect(ask("write", `${path}/c.txt`, "d")).rejects.toThrow("are only read");
    });

    test("of zip archives are read, those of tars refused", async () => {
      expect(await ask("archive", "a.zip", "/a.zip")).toEqual([
        ["a/ö.txt", "first"],
        ["b.txt", "second"],
      ]);
      await expect(ask("tar")).rejects.toThrow("a.tar: tars are not read in a browser");
    });

    test("that the browser has no room for are refused, and nothing of them stays", async () => {
      const client = await page.page.context().newCDPSession(page.page);
      const origin = new URL(page.page.url()).origin;
      const used = "Storage.overrideQuotaForOrigin";
      await client.send(used, { origin, quotaSize: 10_000_000 });
      const written: string[] = [];
      let refusal = "";
      // The browser grants storage in large pieces, so the bound is not met at once.
      while (refusal === "" && written.length < 20) {
        const name = `${written.length}.bin`;
        refusal = await ask("writeMuch", `much/${name}`, 4_000_000).then(() => "", String);
        if (refusal === "") written.push(name);
      }
      const file = `much/${written.length}.bin`;
      expect(refusal).toContain(
        `${file}: cannot be written: the browser gives this site no more storage`,
      );
      const { files } = (await ask("list", "much")) as { files: string[] };
      expect(files.sort()).toEqual(written.sort());
      await ask("remove", "much");
      await client.send(used, { origin });
    });

    test("in a locked folder are another page's, until that is closed", async () => {
      const other = await site.open();
      await ask("makeFolder", "locked");
      await other.ask("lock", "locked");
      await expect(ask("lock", "locked")).rejects.toThrow(
        "locked: another tab or worker of this page is writing it",
      );
      await other.page.close();
      await expect.poll(() => ask("lock", "locked").then(() => "locked", String)).toBe("locked");
      await ask("remove", "locked");
      await expect(ask("checkLock")).rejects.toThrow("the run folder was removed");
      await ask("unlock");
    });
  });
});
