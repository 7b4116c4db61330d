import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { chooseClasses } from "../../../src/files/formats/chosen-classes.ts";
import { LostDetails } from "../../../src/files/formats/lost-details.ts";
import { ImageFiles, openMasks } from "../../../src/files/formats/open.ts";
import { classes, writeAll } from "./masks.ts";

const root = mkdtempSync(join(tmpdir(), "tag2mask-chosen-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe("class names that are asked for", () => {
  const choose = (own: string[] | undefined, wanted: string[]) => {
    const told: string[] = [];
    const chosen = chooseClasses(own, { classes: wanted, tell: (note) => told.push(note) }, "m");
    return [chosen!.labels, told.join()] as const;
  };
  test("in another order are matched by name, in any case, which is told", () => {
    const [labels, told] = choose(["cat", "dog"], ["Dog", "cow", "cat"]);
    expect(labels).toEqual([0, 3, 1]);
    expect(told).toBe("m: classes matched by name, labels renumbered: cat 1 → 3, dog 2 → 1");
  });
  test("in the same order say nothing", () => {
    expect(choose(["cat", "dog"], ["cat", "dog", "cow"])).toEqual([[0, 1, 2], ""]);
    expect(choose(undefined, ["a", "b"])).toEqual([[0, 1, 2], ""]);
  });
  test("that are others rename by position, which is told", () => {
    const [labels, told] = choose(["cat", "dog"], ["Katze", "dog"]);
    expect(labels).toEqual([0, 1, 2]);
    expect(told).toBe("m: classes renamed by position: cat → Katze");
  });
  test.each([
    [["cat"], /has 2 classes, but 1 class names are given/],
    [["dog", "cow"], /have "dog" at another position than the masks, but lack "cat"/],
  ])("that could be meant either way are refused: %j", (wanted, message) => {
    expect(() => choose(["cat", "dog"], wanted)).toThrow(message);
  });
});

const reversed = [...classes].reverse();
test.each(["voc", "coco", "labelstudio", "cvat", "yolo", "ultralytics"] as const)(
  "classes in another order move the labels of %s",
  async (format) => {
    const data = new Uint8Array(400).fill(1);
    data.fill(2, 200);
    const masks = new Map([["a", { width: 20, height: 20, data }]]);
    const { path } = await writeAll(join(root, format), format, masks);
    const source = await openMasks(nodeHost, path, {
      images: await ImageFiles.find(nodeHost.store, undefined, path),
      losses: new LostDetails(),
      instances: "regions",
      classes: reversed,
    });
    const labels = (await source.entries[0]!.read()).data;
    await source.close();
    const names = [labels[5], labels[395]].map((label) => source.classes[label! - 1]);
    expect([source.classes, names]).toEqual([reversed, [classes[0], classes[1]]]);
  },
);
