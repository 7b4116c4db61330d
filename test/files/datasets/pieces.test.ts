import { tmpdir } from "node:os";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TagLines } from "../../../src/files/datasets/tags/lines.ts";
import { readCsv } from "../../../src/files/datasets/tags/csv.ts";
import { readJson, readJsonLines } from "../../../src/files/datasets/tags/json.ts";
import { LineReader, PendingText, pushText } from "../../../src/files/text/pieces.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { UserError } from "../../../src/user-error.ts";
import { foundLines, storeOf, type TagReader, type TextStore } from "./found-lines.ts";

/** Parts of texts, put together at random: well-formed, or not quite. */
const texts = (...parts: string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...parts), { maxLength: 40 }).map((chosen) => chosen.join(""));
const csv = texts(
  "a.jpg",
  "é.jpg",
  ",",
  ",x;y",
  ',"x, ""y"""',
  '"b\n.jpg"',
  " ",
  "\n",
  "\r\n",
  '"',
);
const image = texts(
  ...[
    '{"file": "a.jpg", "tags": ["x", "y"]}',
    '{"file":"é.jpg","tags":[],"split":"val"}',
    ",",
    "\n",
  ],
  ...['{"tags":"x;y","file":"b.jpg"}', '{"file":" ","tags":["x"]}', '{"file":"a","tags":["x\\n"]}'],
  ...['{"file":"a]}","tags":["]}"]}', "[", "]", "{", "12", " ", '"'],
);
const member = texts(
  '"a.jpg": ["x"]',
  '"b":"x;y"',
  '"é":[ "x" , "y" ]',
  '" ":["x"]',
  ",",
  "\n",
  "3",
);

test.each<[string, TagReader, fc.Arbitrary<string>]>([
  ["CSV", readCsv, csv.map((rows) => `file,tags\n${rows}`)],
  ["CSV without a header", readCsv, csv],
  ["JSON lines", readJsonLines, image],
  ["a JSON list", readJson, image.map((images) => `[${images}]`)],
  ["a JSON object", readJson, member.map((members) => `{${members}}`)],
  ["JSON of any kind", readJson, image],
])(
  "%s is the same in pieces as at once, with or without a byte order mark",
  async (_, read, written) => {
    const size = fc.integer({ min: 1, max: 30 });
    const property = fc.asyncProperty(written, size, fc.boolean(), async (text, bytes, marked) => {
      const inPieces = await foundLines(read, `${marked ? "\uFEFF" : ""}${text}`, bytes);
      expect(inPieces).toEqual(await foundLines(read, text));
    });
    await fc.assert(property, { seed: 7, numRuns: 1500 });
  },
);

test("lines in pieces are those of the whole text, whatever letters there are", async () => {
  const letters = ["a", "\n", "\r", "\u00e9", "\u20ac", "\uFEFF", "\u{1f600}"] as const;
  const content = fc
    .array(fc.constantFrom(...letters), { maxLength: 90 })
    .map((list) => Uint8Array.from(Buffer.from(list.join(""))));
  const size = fc.integer({ min: 1, max: 9 });
  const property = fc.asyncProperty(content, size, async (data, bytes) => {
    const text = Buffer.from(data)
      .toString("utf8")
      .replace(/^\uFEFF/, "");
    const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
    // A line feed ends a line, so that nothing behind the last one is no line.
    if (text === "" || text.endsWith("\n")) lines.pop();
    const [read, pieces]: [string[], string[]] = [[], []];
    const reader = new LineReader((line) => read.push(line));
    await pushText(storeOf(data), "t", reader, bytes);
    expect(read).toEqual(lines);
    const all = { push: (piece: string) => pieces.push(piece), end: () => undefined };
    await pushText(storeOf(data), "t", all, bytes);
    expect(pieces.join("")).toBe(text);
  });
  await fc.assert(property, { seed: 9, numRuns: 1000 });
});

test("a record that never ends is read in a time that grows with its length alone", () => {
  let scanned = 0;
  const pending = new PendingText();
  for (let i = 0; i < 10_000; i++) {
    const text = pending.push("x".repeat(10));
    if (text === undefined) continue;
    scanned += text.length;
    pending.keep(text);
  }
  expect(pending.take()).toHaveLength(100_000);
  expect(scanned).toBeLessThan(200_000);
});

/** By JSON.parse alone, as it is said of a line. */
async function plainly(store: TextStore, path: string, out: TagLines): Promise<void> {
  const rows = (await store.readText(path)).split("\n");
  for (const [i, row] of rows.entries()) {
    if (row.trim() === "") continue;
    try {
      out.add(JSON.parse(row), i + 1);
    } catch (error) {
      out.error(`not readable as JSON: ${(error as Error).message}`, i + 1);
    }
  }
}

test("images of the usual form are read as by JSON.parse", async () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab .;/\\"]}é\u0001\t'), maxLength: 4 });
  const written = fc.oneof(
    text.map((value) => JSON.stringify(value)),
    text.map((value) => `"${value}"`),
  );
  const gap = fc.constantFrom("", "", " ", "\t", "\u00a0");
  const split = fc.option(
    fc.constantFrom('"split":"val"', '"split" : ""', '"split":null', '"tags":[]'),
  );
  const line = fc
    .tuple(written, fc.array(written, { maxLength: 3 }), split, gap)
    .map(
      ([file, tags, last, blank]) =>
        `${blank}{"file":${blank}${file},${blank}"tags":[${tags.join(`${blank},`)}]` +
        `${last === null ? "" : `,${last}`}${blank}}${blank}`,
    );
  const property = fc.asyncProperty(fc.array(line, { maxLength: 4 }), async (rows) => {
    const whole = rows.join("\n");
    expect(await foundLines(readJsonLines, whole)).toEqual(await foundLines(plainly, whole));
  });
  await fc.assert(property, { seed: 11, numRuns: 2000 });
});

test("a text longer than patterns are tried on is read all the same", async () => {
  const tag = "x".repeat(5 << 20);
  const line = JSON.stringify({ file: "a.jpg", tags: [tag] });
  const expected = [{ file: "a.jpg", tags: [tag], line: 1 }];
  expect((await foundLines(readJsonLines, line)).taken).toMatchObject(expected);
  expect((await foundLines(readJson, `[${line}]`)).taken).toMatchObject(expected);
});

/** A store that counts how often its only file is opened and closed. */
function countingStore(content: string) {
  const openFiles = { opened: 0, closed: 0 };
  const store: Pick<TextStore, "pieces"> = {
    async *pieces(path, bytes) {
      openFiles.opened++;
      try {
        yield* storeOf(content).pieces(path, bytes);
      } finally {
        openFiles.closed++;
      }
    },
  };
  return { store, openFiles };
}

test("a reader that has enough gets no more and its file is closed, and a file that cannot be read is named", async () => {
  const taken: string[] = [];
  const first = {
    push: (piece: string) => taken.push(piece),
    end: () => taken.push("end"),
    get isDone() {
      return taken.length === 1;
    },
  };
  const { store, openFiles } = countingStore("a\n".repeat(96));
  await pushText(store, "t", first, 64);
  expect(taken).toEqual(["a\n".repeat(32)]);
  expect(openFiles).toEqual({ opened: 1, closed: 1 });
  await expect(pushText(nodeHost.store, tmpdir(), first)).rejects.toThrow(
    new UserError(`${tmpdir()}: cannot be read: it is a folder, not a file`),
  );
});
