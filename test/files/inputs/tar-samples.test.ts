import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { inputHost } from "../../../src/files/inputs/input-host.ts";
import { readTarSamples } from "../../../src/files/inputs/tar-samples.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { changeHeader, gnuLongName, tarOf, type Member } from "./tars.ts";

const folder = mkdtempSync(join(tmpdir(), "tag2mask-"));
const tar = join(folder, "000.tar");
afterAll(() => rmSync(folder, { recursive: true }));

/** Lists the samples of a tar; addresses without its folder. */
async function samplesOf(bytes: Uint8Array) {
  writeFileSync(tar, bytes);
  const found = await readTarSamples(nodeHost.store, tar, { prefix: "", texts: true });
  const messages = found.problems.map(({ message }) => message);
  return { samples: found.samples, items: found.samples.map(({ item }) => item), messages };
}

/** The texts of all images, read where their items say. */
async function contents(bytes: Uint8Array): Promise<[name: string, text: string][]> {
  const { items } = await samplesOf(bytes);
  const { store } = inputHost(nodeHost, JSON.parse(JSON.stringify(items)) as typeof items);
  const texts = items.map(async ({ name, file }): Promise<[string, string]> => [
    name,
    await store.readText(file),
  ]);
  return Promise.all(texts);
}

const long = `folder/${"very-long-".repeat(20)}name.jpg`;

describe("images of a tar are found by their headers", () => {
  const cases: readonly [title: string, members: readonly Member[], expected: [string, string][]][] = [
    ["plain", [["a.jpg", "one"], ["b/c.png", "two"]], [["a", "one"], ["b/c", "two"]]],
    ["long names by pax", [[long, "one"], ["b.jpg", "two"]], [[long.slice(0, -4), "one"], ["b", "two"]]],
    ["names that are not ASCII", [["ä/日本.jpg", "one"]], [["ä/日本", "one"]]],
    ["folders and what is hidden", [[{ name: "a/", type: "directory" }], ["a/._b.jpg", "x"], ["a/b.jpg", "one"]], [["a/b", "one"]]],
    ["./ before the names", [["./a.jpg", "one"], ["./b/./c.jpg", "two"]], [["a", "one"], ["b/c", "two"]]],
    ["contents of 512 bytes and of 3 MB", [["a.jpg", "x".repeat(512)], ["b.jpg", "y".repeat(3e6)], ["c.jpg", "z"]], [["a", "x".repeat(512)], ["b", "y".repeat(3e6)], ["c", "z"]]],
  ]; // prettier-ignore
  test.each(cases)("%s", async (_, members, expected) => {
    expect(await contents(await tarOf(...members))).toEqual(expected);
  });

  test("long names in the way of GNU", async () => {
    const bytes = Buffer.concat([await gnuLongName(long, "one"), await tarOf(["b.jpg", "two"])]);
    expect(await contents(bytes)).toEqual([
      [long.slice(0, -4), "one"],
      ["b", "two"],
    ]);
  });

  test("tars one after the other, and one whose end is missing", async () => {
    const two = [await tarOf(["a.jpg", "one"]), await tarOf(["b.jpg", "two"])];
    expect(await contents(Buffer.concat(two))).toHaveLength(2);
    const bytes = (await tarOf(["a.jpg", "one"])).subarray(0, 515);
    expect(await contents(bytes)).toEqual([["a", "one"]]);
  });

  test("the contents of images are not read", async () => {
    const bytes = await tarOf(["a.jpg", "x".repeat(1e6)], ["b.jpg", "x".repeat(1e6)]);
    let read = 0;
    const source = {
      name: "a.tar",
      size: bytes.length,
      read: (offset: number, length: number) => {
        read += length;
        return Promise.resolve(bytes.subarray(offset, offset + length));
      },
    };
    const names: string[] = [];
    for await (const { name } of nodeHost.store.tarMembers(source)) names.push(name);
    expect(names).toEqual(["a.jpg", "b.jpg"]);
    expect(read).toBeLessThan(20_000);
  });
});

describe("samples", () => {
  test("have the texts that stand beside an image, up to the first dot", async () => {
    const { samples, messages } = await samplesOf(
      await tarOf(["a.json", "{}"], ["a.jpg", "1"], ["a.seg.png", "2"], ["b.left.png", "3"], ["b.txt", "cat"], ["c.cls", "3"], ["c.jpg", "4"]), // prettier-ignore
    );
    const short = samples.map(({ item, json, txt, cls }) => [item.name, item.file.slice(tar.length), json?.text, txt?.text, cls]); // prettier-ignore
    expect(short).toEqual([
      ["a", "/a.jpg", "{}", undefined, false],
      ["b", "/b.left.png", undefined, "cat", false],
      ["c", "/c.jpg", undefined, undefined, true],
    ]);
    expect(messages).toEqual([]);
  });

  test("have one image; others of the same name up to the first dot are told", async () => {
    const { items, messages } = await samplesOf(
      await tarOf(["IMG.01.jpg", "1"], ["IMG.02.jpg", "2"], ["IMG.03.jpg", "3"], ["b.jpg", "4"]),
    );
    expect(items.map(({ name }) => name)).toEqual(["IMG", "b"]);
    expect(messages).toEqual([
      '"IMG.02.jpg" is left out, as a sample has one image, and another has the same name up to its first dot (one of 2 such members)',
    ]);
  });

  test("of members that are there twice have the later one, as if unpacked", async () => {
    const bytes = await tarOf(["a.jpg", "old"], ["b.jpg", "b"], ["a.jpg", "new"]);
    expect(await contents(bytes)).toEqual([
      ["a", "new"],
      ["b", "b"],
    ]);
    const { messages } = await samplesOf(bytes);
    expect(messages).toEqual(['"a.jpg" is there twice, and the later one counts']);
  });

  test("never lie outside their tar", async () => {
    const { items, messages } = await samplesOf(
      await tarOf(["../../x.jpg", "1"], ["a/../../y.jpg", "2"], ["/etc/z.jpg", "3"], ["C:/w.jpg", "4"]), // prettier-ignore
    );
    expect(items.map(({ file }) => file)).toEqual([`${tar}/etc/z.jpg`]);
    expect(messages).toEqual([
      '"../../x.jpg" leads out of the tar and is left out (one of 3 such members)',
    ]);
  });

  test("that are links or sparse files are told", async () => {
    const sparse = { name: "s.jpg", pax: { "GNU.sparse.major": "1" } };
    const { items, messages } = await samplesOf(
      await tarOf(["a.jpg", "1"], [{ name: "b.jpg", type: "symlink", linkname: "a.jpg" }], [sparse, "x"]), // prettier-ignore
    );
    expect(items).toHaveLength(1);
    expect(messages).toEqual([
      '"b.jpg" is a link, which is not followed, and is left out',
      '"s.jpg" is a sparse file and is left out',
    ]);
  });
});

describe("one line tells what is wrong with a tar that", () => {
  const plain = () => tarOf(["a.jpg", "x".repeat(2000)], ["b.jpg", "y".repeat(2000)]);
  const paxOf = (text: string) => tarOf(["a", text], ["b.jpg", "x"]).then((bytes) => changeHeader(bytes, 0, (header) => header.write("x", 156))); // prettier-ignore
  const size = (text: string, type: "0" | "x" | "L" = "0") => (bytes: Buffer): Buffer =>
    changeHeader(bytes, 0, (header) => void (header.write(text, 124, "latin1"), header.write(type, 156))); // prettier-ignore
  const cases: readonly [title: string, make: () => Promise<Buffer>, message: string][] = [
    ["is cut short in an image", async () => (await plain()).subarray(0, 4000), "is cut short: b.jpg ends at byte 5072, the file at byte 4000; download or make it again"],
    ["is cut short in a header", async () => (await plain()).subarray(0, 2600), "is cut short: a header ends at byte 3072, the file at byte 2600; download or make it again"],
    ["is empty", () => Promise.resolve(Buffer.alloc(0)), "the file is empty, and no tar"],
    ["is none", () => Promise.resolve(Buffer.from("hello ".repeat(500))), "is no tar, or its first header is damaged; download or make it again"],
    ["has a damaged header", async () => { const bytes = await plain(); bytes[2560]! ^= 1; return bytes; }, "is a damaged tar: at byte 2560 there is no header of a member; download or make it again"],
    ["is compressed", () => Promise.resolve(Buffer.from([0x1f, 0x8b, 8, 0])), "is a compressed tar, whose images cannot be read one by one; unpack it to a .tar with gunzip"],
    ["has an image that is longer than any disk", async () => size("\x80\0\0\0\x00\x0f\xff\xff\xff\xff\xff\xff")(await plain()), "is cut short: a.jpg ends at byte 4503599627371007, the file at byte 6144; download or make it again"],
    ["has a length below zero", async () => size("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00")(await plain()), "is no tar, or its first header is damaged"],
    ["has a name of 8 GB", async () => size("77777777777 ", "L")(await plain()), "is no tar"],
    ["has a record of pax that leads back", () => paxOf("-5 a="), "is a damaged tar: at byte 512 there is no name as pax has them"],
    ["has a sparse file of the old kind", async () => changeHeader(await plain(), 0, (header) => void (header.write("S", 156), (header[482] = 1))), '"a.jpg" is stored as a sparse file, which is not read; make the tar without sparse files'],
  ]; // prettier-ignore
  test.each(cases)("%s", async (_, make, message) => {
    const reading = samplesOf(await make());
    await expect(reading).rejects.toMatchObject({ name: "UserError" });
    await expect(reading).rejects.toThrow(`${tar}: ${message}`);
  });
});

test("an image of a tar that was made anew since it was listed is refused", async () => {
  const { items } = await samplesOf(await tarOf(["a.jpg", "one"]));
  const { store } = inputHost(nodeHost, items);
  writeFileSync(tar, await tarOf(["b.jpg", "two"]));
  await expect(store.read(items[0]!.file)).rejects.toThrow(
    "was changed after its images were listed",
  );
});
