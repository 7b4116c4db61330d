import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LabelMap } from "../../../src/method/images/image.ts";
import { maskFormats, type MaskFormat } from "../../../src/files/formats/formats.ts";
import {
  awkwardMasks,
  classes,
  demoMasks,
  onDisk,
  readAll,
  writeAll,
  type NamedMasks,
} from "./masks.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "formats-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function expectSame(found: NamedMasks, expected: NamedMasks): void {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].map(onDisk).sort());
  for (const [name, map] of expected) {
    const other = found.get(onDisk(name))!;
    expect([name, other.width, other.height]).toEqual([name, map.width, map.height]);
    const wrong = map.data.reduce((sum, label, i) => sum + Number(label !== other.data[i]), 0);
    expect([name, wrong]).toEqual([name, 0]);
  }
}

const exact = maskFormats.filter((format) => format !== "yolo");

describe("a round trip keeps every label of every pixel", () => {
  test.each(
    exact.flatMap((format) => [[format, "regions"] as const, [format, "classes"] as const]),
  )("%s, %s", async (format, instances) => {
    const masks = new Map([...demoMasks(6), ...awkwardMasks()]);
    const { path } = await writeAll(root, format, masks, { instances });
    const again = await readAll(path, { instances });
    expect(again.format).toBe(format);
    expect(again.classes).toEqual(classes);
    expectSame(again.masks, masks);
    expect(again.losses).toEqual([]);
  });
});

/** The masks with background instead of ignored pixels, which YOLO does not know. */
function withoutIgnored(masks: NamedMasks): NamedMasks {
  const known = ([name, map]: [string, LabelMap]): [string, LabelMap] => [
    name,
    { ...map, data: map.data.map((label) => (label === 255 ? 0 : label)) },
  ];
  return new Map([...masks].map(known));
}

test("yolo's polygons keep every pixel that is not ignored, and say that these became background", async () => {
  const masks = new Map([...demoMasks(20), ...awkwardMasks()]);
  const { path, losses } = await writeAll(join(root, "demo"), "yolo", masks);
  const again = await readAll(path);
  expect(again.classes).toEqual(classes);
  expectSame(again.masks, withoutIgnored(masks));
  expect(losses.map(({ what }) => what).sort()).toEqual([
    "ignored pixels became background",
    "images/ lacks the image: its file is not known",
  ]);
});

describe("every format into every other", () => {
  const pairs = maskFormats.flatMap((from) => maskFormats.map((to) => [from, to] as const));
  test.each(pairs)("%s to %s", async (from: MaskFormat, to: MaskFormat) => {
    const masks = new Map([...demoMasks(2), ...awkwardMasks()]);
    await writeAll(join(root, "a"), from, masks);
    const first = await readAll(join(root, "a"));
    await writeAll(join(root, "b"), to, first.masks);
    const second = await readAll(join(root, "b"));
    expect(second.format).toBe(to);
    expect(second.classes).toEqual(classes);
    // What the first format kept, the second keeps.
    expectSame(first.masks, from === "yolo" ? withoutIgnored(masks) : masks);
    expectSame(second.masks, to === "yolo" ? withoutIgnored(masks) : first.masks);
  });
});
