import { existsSync } from "node:fs";
import { appendFile, cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeCodec } from "../../../src/host/node/images/codec.ts";
import { encodePatch } from "../../../src/studio/patches.ts";
import { filled, height, square, useMasks, width } from "./opened-masks.ts";

const open = useMasks();
const pngOf = (project: string, folder: string, name: string): string =>
  join(project, folder, `${name}.png`);
const labelsOf = async (path: string): Promise<Uint8Array> =>
  (await nodeCodec.decodeLabels(path)).data;

describe("the masks of a studio", () => {
  test("the first stroke on a draft keeps the draft as it was shown, whatever a later model drafts", async () => {
    const masks = await open("a");
    const [image] = masks.images;
    masks.drafts.set(0, filled(1));
    expect((await masks.book.send(image!)).source).toBe("draft");
    masks.drafts.set(0, filled(2));
    masks.model = "exp2";
    expect(await masks.book.paint(image!, 0, square(0, 3, 3))).toBe(1);
    const { data } = await masks.labels(0);
    expect([data[0], data[3 * width + 3]]).toEqual([1, 0]);
    expect(masks.factsOf(0)).toMatchObject({ maskRev: 1, hasCorrection: true, verdict: "none" });
    const again = await masks.book.send(image!);
    expect([again.rev, again.source]).toEqual([1, "correction"]);
  });

  test("a tab that still shows the draft of an older model cannot paint on the newer one", async () => {
    const masks = await open("a");
    const [image] = masks.images;
    masks.drafts.set(0, filled(1));
    const old = await masks.book.send(image!);
    masks.drafts.set(0, filled(2));
    const now = await masks.book.send(image!);
    expect(now.rev).toBe(old.rev + 1);
    await expect(masks.book.paint(image!, old.rev, square(0, 3, 3))).rejects.toMatchObject({ status: 409, more: { rev: now.rev } }); // prettier-ignore
  });

  test("without a draft all that is not painted is not known", async () => {
    const masks = await open("a");
    await masks.book.paint(masks.images[0]!, 0, square(2, 5, 5));
    const { data } = await masks.labels(0);
    expect([data[0], data[5 * width + 5]]).toEqual([255, 2]);
  });

  test("a stroke that is sent again because its answer was lost is no conflict, also after it is in the PNG", async () => {
    const masks = await open("a");
    const [image] = masks.images;
    expect(await masks.book.paint(image!, 0, square(1, 0, 0))).toBe(1);
    expect(await masks.book.paint(image!, 0, square(1, 0, 0))).toBe(1);
    await masks.book.flush();
    expect(await masks.book.paint(image!, 0, square(1, 0, 0))).toBe(1);
    await expect(masks.book.paint(image!, 0, square(1, 1, 0))).rejects.toMatchObject({ status: 409 }); // prettier-ignore
  });

  test("strokes go into the PNG after a pause, and revisions survive that and a restart", async () => {
    const masks = await open("a");
    await masks.book.close();
    await masks.reopen(0);
    const [image] = masks.images;
    await masks.book.paint(image!, 0, square(1, 0, 0));
    await masks.book.paint(image!, 1, square(2, 8, 8));
    const path = pngOf(masks.project, "corrections", "a");
    const journal = join(masks.project, "journal/a.log");
    await expect.poll(() => existsSync(journal)).toBe(false);
    expect((await labelsOf(path))[8 * width + 8]).toBe(2);
    await masks.book.close();
    await masks.reopen();
    expect((await masks.book.send(image!)).rev).toBe(2);
    expect(masks.factsOf(0)).toMatchObject({ maskRev: 2, hasCorrection: true });
    expect(await masks.book.paint(image!, 2, square(0, 0, 0))).toBe(3);
  });

  test("what a killed process left is put right: strokes are kept, a torn one is dropped and told", async () => {
    const masks = await open("a", "b");
    const [first, second] = masks.images;
    await masks.book.paint(first!, 0, square(1, 0, 0));
    await masks.book.paint(first!, 1, square(2, 8, 8));
    await masks.book.judge(second!, 0, "unsure");
    // The folder as it is on the disk now, without anything that closing would do.
    const killed = `${masks.project}-killed`;
    await cp(masks.project, killed, { recursive: true });
    await masks.book.close();
    await rm(masks.project, { recursive: true });
    await cp(killed, masks.project, { recursive: true });
    await appendFile(join(masks.project, "journal/a.log"), Uint8Array.of(9, 0, 0, 0, 1, 2, 3));
    await appendFile(join(masks.project, "review.jsonl"), '{"type":"verdict","time":"20');
    await masks.reopen();
    const { data } = await masks.labels(0);
    expect([data[0], data[8 * width + 8]]).toEqual([1, 2]);
    expect(masks.factsOf(0)).toMatchObject({ maskRev: 2, hasCorrection: true });
    expect(masks.factsOf(1).verdict).toBe("unsure");
    expect(masks.told.join("\n")).toMatch(/last stroke was not whole.*\n.*last line was cut short|last line was cut short.*\n.*last stroke was not whole/); // prettier-ignore
    await expect.poll(() => existsSync(join(masks.project, "journal/a.log"))).toBe(false);
  });

  test("labels keep their classes when the project numbers them anew", async () => {
    const masks = await open("a");
    await masks.book.paint(masks.images[0]!, 0, square(2, 0, 0));
    await masks.book.close();
    expect(masks.classes).toEqual(["dog", "cat"]);
    masks.classes.splice(0, 2, "ant", "bee", "cat", "dog");
    await masks.reopen();
    expect((await masks.labels(0)).data[0]).toBe(3);
    await masks.book.paint(masks.images[0]!, 1, square(4, 8, 8));
    await masks.book.flush();
    const json = await readFile(join(masks.project, "corrections/classes.json"), "utf8");
    const { classes } = JSON.parse(json) as { classes: { name: string }[] };
    expect(classes.map(({ name }) => name)).toEqual(["background", "cat", "dog"]);
    const data = await labelsOf(pngOf(masks.project, "corrections", "a"));
    expect([data[0], data[8 * width + 8]]).toEqual([1, 2]);
  });

  test("accepting an untouched draft makes it a correction, and its score is perfect", async () => {
    const masks = await open("a");
    const [image] = masks.images;
    masks.drafts.set(0, filled(2));
    await masks.book.send(image!);
    await masks.book.judge(image!, 0, "accepted");
    expect((await labelsOf(pngOf(masks.project, "corrections", "a")))[0]).toBe(1); // cat is its first class
    expect(masks.factsOf(0)).toMatchObject({ verdict: "accepted", hasCorrection: true });
    const [verdict] = masks.book.verdicts();
    const all = width * height;
    expect(verdict).toMatchObject({ model: "exp", pixels: [["cat", all, all, all]] });
  });

  test("a changed mask is scored against the draft as it was first shown, over restarts and models", async () => {
    const masks = await open("a");
    const [image] = masks.images;
    masks.drafts.set(0, filled(1));
    await masks.book.paint(image!, 0, square(255, 0, 0, 10));
    await masks.book.close();
    masks.drafts.set(0, filled(2));
    masks.model = "exp2";
    await masks.reopen();
    await masks.book.paint(image!, 1, square(2, 20, 20, 5));
    await masks.book.judge(image!, 2, "accepted");
    const known = width * height - 100;
    const [verdict] = masks.book.verdicts();
    expect(verdict!.model).toBe("exp");
    expect(verdict!.pixels).toEqual([
      ["dog", known - 25, known, known - 25],
      ["cat", 25, 0, 0],
    ]);
  });

  test("a rejected mask trains no more, and comes back with another verdict", async () => {
    const masks = await open("a");
    const [image] = masks.images;
    await masks.book.paint(image!, 0, square(1, 0, 0));
    await masks.book.judge(image!, 1, "rejected");
    const [used, aside] = ["corrections", "set-aside"].map((folder) => pngOf(masks.project, folder, "a")); // prettier-ignore
    expect([existsSync(used!), existsSync(aside!)]).toEqual([false, true]);
    expect(masks.book.corrected()).toEqual([]);
    expect((await masks.labels(0)).data[0]).toBe(1);
    await masks.book.close();
    await masks.reopen();
    expect(masks.factsOf(0)).toMatchObject({ verdict: "rejected", hasCorrection: false });
    await masks.book.judge(image!, 1, "none");
    expect([existsSync(used!), existsSync(aside!)]).toEqual([true, false]);
    expect(masks.book.corrected()).toEqual([0]);
  });

  test("nothing can be accepted where there is no mask", async () => {
    const masks = await open("a");
    await expect(masks.book.judge(masks.images[0]!, 0, "accepted")).rejects.toMatchObject({ code: "no-mask" }); // prettier-ignore
    await masks.book.judge(masks.images[0]!, 0, "rejected");
    expect(masks.factsOf(0).verdict).toBe("rejected");
  });

  test("reset brings the draft back, and a whole patch brings back what was reset", async () => {
    const masks = await open("a");
    const [image] = masks.images;
    masks.drafts.set(0, filled(1));
    await masks.book.paint(image!, 0, square(2, 0, 0));
    await masks.book.judge(image!, 1, "accepted");
    const before = await masks.labels(0);
    expect(await masks.book.reset(image!, 1)).toBe(2);
    expect(masks.factsOf(0)).toMatchObject({ verdict: "none", hasCorrection: false, maskRev: 2 });
    expect((await masks.book.send(image!)).source).toBe("draft");
    expect(existsSync(pngOf(masks.project, "forgotten", "a"))).toBe(true);
    await masks.book.close();
    await masks.reopen();
    expect((await masks.book.send(image!)).rev).toBe(2);
    const patch = encodePatch({ x: 0, y: 0, width, height, labels: before.data });
    await masks.book.paint(image!, 2, patch);
    expect((await masks.labels(0)).data).toEqual(before.data);
  });

  test.each([
    ["outside of the image", square(1, width - 2, 0)],
    ["of a class that does not exist", square(3, 0, 0)],
    ["cut short", square(1, 0, 0).subarray(0, 12)],
    ["with too few pixels", square(1, 0, 0).subarray(0, 16)],
    ["of a size without end", Uint8Array.from([...square(1, 0, 0)].fill(255, 8, 16))],
  ])("a patch %s is refused and changes nothing", async (_, patch) => {
    const masks = await open("a");
    await expect(masks.book.paint(masks.images[0]!, 0, patch)).rejects.toMatchObject({ status: 400 }); // prettier-ignore
    expect(await masks.book.send(masks.images[0]!)).toMatchObject({ rev: 0, source: "none" });
  });
});
