import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inspectDataset, openDataset } from "../../../src/files/datasets/index.ts";
import { decodeMask, encodeMask } from "../../../src/host/node/images/index-png.ts";
import { UserError } from "../../../src/user-error.ts";
import { makeFolder, Picture } from "./folders.ts";
import { nodeHost } from "../../../src/host/node/host.ts";

const pictures = { "images/a.jpg": new Picture(), "images/b.jpg": new Picture() };
const plain = { ...pictures, "tags.csv": "file,tags\na.jpg,cat\nb.jpg,dog\n" };
const voc = {
  "JPEGImages/a.jpg": new Picture(),
  "JPEGImages/b.jpg": new Picture(),
  "ImageSets/Segmentation/train.txt": "a\nb\n",
  "Annotations/a.xml": "<annotation><object><name>cat</name></object></annotation>",
};

const csv = 'file,tags,split\na.jpg,"cat;dog",train\nb.jpg,dog,val\n';
const json = '[{"file":"a.jpg","tags":["cat"]},{"file":"b.jpg","tags":"dog","split":"val"}]';
const jsonl = '{"file":"a.jpg","tags":["cat"]}\n{"file":"b.jpg","tags":["dog"],"split":"val"}\n';
const yaml = "names: {0: &n cat, 1: dog}\nimages: images\ntags: tags.csv\nsplits:\n  train: [a]\n";
const xml =
  "<annotation><!-- x --><object><name>dog</name><part/></object><object><name>cat</name></object></annotation>";

/** What trips parsers, and what trips those who trust what was parsed. */
const characters = "\"';,:{}[]<>&*!|#\n\r\t\0\\- \uFEFF\uD800".split("");
const words = ["__proto__", "constructor", "*n", "*foo", "<!DOCTYPE a [", "[".repeat(3000), "null"];

/** A place in a text or file, 0..1, how much goes there, and what comes instead. */
const edits = <T>(piece: fc.Arbitrary<T>) =>
  fc.array(
    fc.tuple(
      fc.nat(999).map((n) => n / 1000),
      fc.nat(8),
      piece,
    ),
    {
      minLength: 1,
      maxLength: 2,
    },
  );

/** Whatever happens, it is an answer or a UserError. */
async function told(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message).not.toBe("");
  }
}

test.each([
  ["tags.csv", csv, pictures],
  ["tags.json", json, pictures],
  ["tags.jsonl", jsonl, pictures],
  ["data.yaml", yaml, plain],
  ["Annotations/b.xml", xml, voc],
] as const)("a damaged %s is read or refused in words", async (name, text, files) => {
  const root = await makeFolder({ ...files, [name]: text });
  await openDataset(nodeHost, root, { valFraction: 0 });
  const damage = edits(fc.oneof(fc.constantFrom(...characters), fc.constantFrom(...words)));
  const property = fc.asyncProperty(damage, async (changes) => {
    let damaged: string = text;
    for (const [place, count, piece] of changes) {
      // A word in place of another goes deeper than a character that breaks the syntax.
      const parts = words.includes(piece) ? damaged.split(/\b/) : damaged.split("");
      parts.splice(Math.floor(place * parts.length), words.includes(piece) ? 1 : count, piece);
      damaged = parts.join("");
    }
    writeFileSync(join(root, name), damaged);
    await told(() => inspectDataset(nodeHost, root, { decode: false }));
  });
  await fc.assert(property, { seed: 11, numRuns: 150 });
});

test("a damaged mask is read or refused in words", async () => {
  const data = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
  const whole = encodeMask({ width: 20, height: 15, data });
  const property = fc.asyncProperty(edits(fc.uint8Array({ maxLength: 8 })), async (changes) => {
    let bytes = Buffer.from(whole);
    for (const [place, count, piece] of changes) {
      const at = Math.floor(place * bytes.length);
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + count)]);
    }
    await told(() => decodeMask(bytes, "mask.png"));
  });
  await fc.assert(property, { seed: 12, numRuns: 300 });
});
