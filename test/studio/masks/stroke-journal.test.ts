import { mkdtempSync, rmSync } from "node:fs";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { nodeStore } from "../../../src/host/node/files/store.ts";
import { readStrokes, StrokeJournal } from "../../../src/studio/server/masks/stroke-journal.ts";

const folder = mkdtempSync(join(tmpdir(), "journal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = { width: 40, height: 30 };
const patches = [1, 2, 3].map((label) => new Uint8Array(20 + label).fill(label));

async function write(name: string): Promise<string> {
  const path = join(folder, name);
  const journal = await StrokeJournal.create(nodeStore, path, size);
  for (const [i, patch] of patches.entries()) await journal.append({ rev: i + 5, patch });
  await journal.close();
  return path;
}

describe("a journal of strokes", () => {
  test("has every stroke in its order", async () => {
    const content = readStrokes(await readFile(await write("whole.log")))!;
    expect(content.size).toEqual(size);
    expect(content.strokes.map(({ rev }) => rev)).toEqual([5, 6, 7]);
    expect(content.strokes.map(({ patch }) => [...patch])).toEqual(patches.map((patch) => [...patch])); // prettier-ignore
  });

  test("cut at any byte it keeps the strokes before, and the next one follows them", async () => {
    const whole = await readFile(await write("cut.log"));
    const path = join(folder, "cut-again.log");
    const ends = [16, 49, 83, 118];
    expect(whole.length).toBe(118);
    for (let length = 16; length < whole.length; length += 3) {
      await writeFile(path, whole.subarray(0, length));
      const { journal, cut } = (await StrokeJournal.open(nodeStore, path))!;
      const kept = ends.filter((end) => end <= length).length - 1;
      expect(cut).toBe(length - ends[kept]!);
      expect(journal.newest?.rev).toBe(kept === 0 ? undefined : kept + 4);
      await journal.append({ rev: kept + 5, patch: patches[0]! });
      await journal.close();
      const revs = readStrokes(await readFile(path))!.strokes.map(({ rev }) => rev);
      expect(revs).toEqual(Array.from({ length: kept + 1 }, (_, i) => i + 5));
    }
  });

  test("a byte that changed ends it before its stroke", async () => {
    const bytes = await readFile(await write("flipped.log"));
    bytes[60]! ^= 1;
    expect(readStrokes(bytes)!.strokes.map(({ rev }) => rev)).toEqual([5]);
  });

  test("a file that is none is not taken for one", async () => {
    const path = join(folder, "other.log");
    await writeFile(path, "something else, and long enough");
    expect(await StrokeJournal.open(nodeStore, path)).toBeUndefined();
    await truncate(path, 3);
    expect(await StrokeJournal.open(nodeStore, path)).toBeUndefined();
  });
});
