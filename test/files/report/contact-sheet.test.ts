import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { writeImage, writeMask } from "../../../src/host/node/images/codec.ts";
import { renderSheet } from "../../../src/files/report/contact-sheet-page.ts";
import { writeContactSheet, type SheetEntry } from "../../../src/files/report/contact-sheet.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "contact-sheet-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** An image of 40 x 20 with its mask and, if wanted, its overlay. */
async function entry(
  name: string,
  confidence: number,
  { overlay = false, file = name }: { overlay?: boolean; file?: string } = {},
): Promise<SheetEntry> {
  const at = (folder: string, ending: string): string => join(root, folder, `${file}.${ending}`);
  const image = { width: 40, height: 20, data: new Uint8Array(2400).fill(90) };
  await writeImage(at("images", "png"), image);
  const labels = { width: 40, height: 20, data: new Uint8Array(800).fill(1) };
  await writeMask(at("out/masks", "png"), labels);
  if (overlay) await writeImage(at("out/overlays", "jpg"), image);
  return {
    ...{
      name,
      confidence,
      tags: ["cat"],
      image: at("images", "png"),
      mask: at("out/masks", "png"),
    },
    ...(overlay && { overlay: at("out/overlays", "jpg") }),
  };
}

const options = { classes: ["cat"], side: 16 };

function names(page: string): string[] {
  return [...page.matchAll(/<h3>([^<]*)<\/h3>/g)].map(([, name]) => name!);
}

test("the least sure comes first, equals in their order, and what has no number before all", async () => {
  const entries = [
    await entry("sure", 0.9),
    await entry("unsure", 0.1),
    await entry("equal", 0.1),
    await entry("none", NaN),
  ];
  const path = await writeContactSheet(nodeHost, join(root, "out"), entries, options);
  const page = readFileSync(path, "utf8");
  expect(names(page)).toEqual(["none", "unsure", "equal", "sure"]);
  expect(page).toContain("<b>90.0 %</b>");
  expect(page).toContain("4 masks");
});

test("thumbnails are small files beside the page, loaded when seen, from overlays where there are", async () => {
  const entries = [await entry("a", 0.5), await entry("deep/b", 0.6, { overlay: true })];
  const page = readFileSync(
    await writeContactSheet(nodeHost, join(root, "out"), entries, options),
    "utf8",
  );
  for (const name of ["a", "deep/b"]) {
    const file = `thumbnails/${name}.jpg`;
    expect(page).toContain(`src="${file}"`);
    const { width, height } = await sharp(join(root, "out", file)).metadata();
    expect([width, height]).toEqual([16, 8]);
  }
  expect(page.match(/loading="lazy"/g)).toHaveLength(2);
  expect(page).toContain('href="overlays/deep/b.jpg"');
  expect(page).toContain('href="../images/a.png"');
  expect(page).not.toMatch(/https?:|<script/);
});

test("a thumbnail that is there already is shown as it is", async () => {
  const file = join(root, "out/thumbnails/small.jpg");
  const given = { ...(await entry("a", 0.5)), thumbnail: { file, width: 7, height: 5 } };
  const path = await writeContactSheet(nodeHost, join(root, "out"), [given], options);
  expect(readFileSync(path, "utf8")).toMatch(
    /src="thumbnails\/small\.jpg"\s+width="7"\s+height="5"/,
  );
  expect(existsSync(join(root, "out/thumbnails"))).toBe(false);
});

test("names and tags are text, whatever they hold, and files of any name are linked", async () => {
  const name = '<img src=x onerror="alert(1)">';
  const odd = { ...(await entry(name, 0.5, { file: "a#b %41?" })), tags: ["</p><b>&"] };
  const twin = { ...odd, name: name.replace("<", ">") };
  const path = await writeContactSheet(nodeHost, join(root, "out"), [odd, twin], options);
  const page = readFileSync(path, "utf8");
  expect(page).not.toContain("<img src=x");
  expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
  expect(page).toContain("&lt;/p&gt;&lt;b&gt;&amp;");
  expect(page).toContain('href="masks/a%23b%20%2541%3F.png"');
  const sources = [...page.matchAll(/src="(thumbnails[^"]*)"/g)].map(([, source]) => source!);
  expect(new Set(sources).size).toBe(2);
  for (const source of sources) {
    expect(existsSync(join(root, "out", decodeURIComponent(source)))).toBe(true);
  }
});

test("a mask that is not its image's, and an overlay that is broken, are named", async () => {
  const [one, two] = [await entry("a", 0.5), await entry("b", 0.5, { overlay: true })];
  await writeMask(one.mask, { width: 2, height: 2, data: new Uint8Array(4) });
  const sheet = (item: SheetEntry) =>
    writeContactSheet(nodeHost, join(root, "out"), [item], options);
  await expect(sheet(one)).rejects.toThrow(
    `${one.mask}: mask is 2x2, but its image ${one.image} is 40x20`,
  );
  await expect(sheet({ ...two, overlay: one.mask.replace("a.png", "no.jpg") })).rejects.toThrow(
    /no\.jpg: cannot be read: no such file/,
  );
});

test("each thousand masks has a page, the least sure first, linked with the others", async () => {
  const out = join(root, "out");
  const file = join(out, "thumbnails/small.jpg");
  const made = await entry("a", 0.5);
  const entries = Array.from({ length: 2001 }, (_, i) => ({
    ...{ ...made, thumbnail: { file, width: 7, height: 5 } },
    ...{ name: `scene-${i}`, confidence: 1 - i / 2001 },
  }));
  const path = await writeContactSheet(nodeHost, out, entries, options);
  const pages = ["contact-sheet.html", "contact-sheet-2.html", "contact-sheet-3.html"];
  expect(path).toBe(join(out, pages[0]!));
  const texts = pages.map((page) => readFileSync(join(out, page), "utf8"));
  expect(texts.map((text) => names(text).length)).toEqual([1000, 1000, 1]);
  expect(texts.flatMap(names)).toEqual(entries.map(({ name }) => name).reverse());
  expect(texts[1]).toContain("2,001 masks");
  expect(texts[1]).toContain("1,001 to 2,000");
  for (const [i, text] of texts.entries()) {
    for (const other of pages.filter((page) => page !== pages[i])) {
      expect(text).toContain(`<a href="${other}"`);
    }
  }

  await writeContactSheet(nodeHost, out, entries.slice(0, 5), options);
  expect(pages.filter((page) => existsSync(join(out, page)))).toEqual([pages[0]]);
  expect(readFileSync(path, "utf8")).not.toContain("<nav");
});

test("of very many pages, each links the first, the last, those around it and every hundredth", () => {
  const files = Array.from({ length: 1234 }, (_, page) => `p${page + 1}.html`);
  const about = { title: "Masks", classes: [], cards: [], before: 0, total: 1_233_500 };
  const page = renderSheet({ ...about, page: 649, files });
  const linked = [...page.matchAll(/href="p(\d+)\.html">\1</g)].map(([, number]) => Number(number));
  const around = Array.from({ length: 21 }, (_, i) => 640 + i).filter((number) => number !== 650);
  const hundreds = [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200];
  const expected = [1, 1234, ...around, ...hundreds].sort((a, b) => a - b);
  expect([...new Set(linked)].sort((a, b) => a - b)).toEqual(expected);
});
