import { cpSync, existsSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Sample } from "../../src/method/data/sample.ts";
import { vocClasses } from "../../src/method/images/classes.ts";
import type { Segmenter } from "../../src/method/inference/segmenter.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeImage } from "../../src/host/node/images/codec.ts";
import { compareMasks } from "../../src/jobs/compare-masks.ts";
import { evaluateModel, evaluateModelStages } from "../../src/jobs/evaluate.ts";
import { predictTestSet, testSetFolder } from "../../src/jobs/predict-test-set.ts";
import { UserError } from "../../src/user-error.ts";
import { fewScenes, temporaryFolder, tiny } from "../cli/scenes.ts";
import { tag2mask } from "../cli/terminal.ts";
import { faults, withFaultyFiles } from "../faulty-files.ts";
import { removeAll, treeOf, treeWithoutLock } from "./unfinished-masks.ts";

const root = temporaryFolder();
const data = join(root, "scenes");
const untrue = join(root, "untrue");
const model = join(root, "run");
const predicted = join(root, "predicted");
const out = join(root, "out");

beforeAll(async () => {
  await fewScenes(data);
  const { code, stderr } = await tag2mask(
    ...["train", "--data", data, "--out", model, "--steps", "1", ...tiny],
  );
  expect(code, stderr).toBe(0);
  cpSync(data, untrue, { recursive: true });
  rmSync(join(untrue, "masks"), { recursive: true });
  // One of the masks is broken, so that something is left out.
  cpSync(join(data, "masks"), predicted, { recursive: true });
  writeFileSync(join(predicted, "scene-0003.png"), "no PNG");
});

interface Options {
  readonly out: string;
  readonly worst?: number;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

/** Runs a job until it is done or has measured some images; counts the pictures of the folder that it reads. */
async function run(kind: keyof typeof jobs, options: Options, stopAfter = Infinity) {
  let decoded = 0;
  const counts = <A extends unknown[], R>(decode: (file: string, ...more: A) => R) => {
    return (file: string, ...more: A): R => {
      if (/(scenes|untrue)\/images|predicted/.test(file)) decoded++;
      return decode(file, ...more);
    };
  };
  const { codec } = nodeHost;
  const counting = { decode: counts(codec.decode), decodeLabels: counts(codec.decodeLabels) };
  // One kind is measured in lanes of several threads, the others in one, which takes less time.
  const cores = kind === "scores" ? 2 : 1;
  const machine = { ...nodeHost.machine, cores };
  const host = { ...nodeHost, machine, codec: { ...codec, ...counting } };
  const controller = new AbortController();
  const events: { type: string }[] = [];
  for await (const event of jobs[kind](host, options, controller.signal)) {
    events.push(event);
    if (event.type === "progress" && event.done === stopAfter) controller.abort();
  }
  return { last: events.at(-1)!, decoded };
}

const about = { model, split: "val", device: "cpu", crf: true, cam: true } as const;
type Host = typeof nodeHost;
const jobs = {
  scores: (host: Host, { worst = 2, ...options }: Options, signal: AbortSignal) =>
    evaluateModel(host, { ...about, data, worst, ...options }, { signal }),
  stages: (host: Host, { worst = 2, ...options }: Options, signal: AbortSignal) =>
    evaluateModelStages(host, { ...about, data, worst, ...options }, { signal }),
  predictions: (host: Host, { worst = 2, ...options }: Options, signal: AbortSignal) =>
    evaluateModel(host, { ...about, data: untrue, worst, ...options }, { signal }),
  masks: (host: Host, { worst = 2, ...options }: Options, signal: AbortSignal) =>
    compareMasks(
      host,
      { masks: predicted, truth: join(data, "masks"), worst, ...options },
      { signal },
    ),
};

describe.each(["scores", "stages", "predictions", "masks"] as const)("%s", (kind) => {
  test("that were stopped go on to the same bytes, and no image is measured twice", async () => {
    const whole = join(root, `whole-${kind}`);
    const uninterrupted = await run(kind, { out: whole });
    for (const stopAfter of [1, 3]) {
      removeAll(out);
      const { last } = await run(kind, { out }, stopAfter);
      expect(last).toMatchObject({ type: "stopped", done: stopAfter });
      const { kept } = last as unknown as { kept: number };
      expect(kept).toBeGreaterThan(0);
      const resumed = await run(kind, { out, resume: true });
      expect(treeOf(out)).toEqual(treeOf(whole));
      expect(JSON.stringify(resumed.last).replaceAll(out, whole)).toBe(
        JSON.stringify(uninterrupted.last),
      );
      expect(resumed.decoded).toBe(uninterrupted.decoded - kept);
    }
  });

  test("are offered to a rerun, refused with other settings by name, and begun anew if asked", async () => {
    removeAll(out);
    await run(kind, { out }, 1);
    await expect(run(kind, { out })).rejects.toMatchObject({
      message: expect.stringMatching(
        /holds this job unfinished, with \d images finished/,
      ) as string,
      remedies: [{ name: "resume" }, { name: "overwrite" }],
    });
    const other = run(kind, { out, worst: 3, resume: true });
    await expect(other).rejects.toThrow(/other settings: worst was 2, is 3/);
    await run(kind, { out, worst: 2, overwrite: true });
    expect(treeOf(out)).toEqual(treeOf(join(root, `whole-${kind}`)));
    await expect(run(kind, { out, resume: true })).rejects.toThrow(/has no unfinished job/);
  });

  test("in one folder have one owner", async () => {
    removeAll(out);
    const both = await Promise.allSettled([run(kind, { out }), run(kind, { out })]);
    const lost = both.filter((one) => one.status === "rejected");
    expect(lost.map(({ reason }) => (reason as Error).message)).toEqual([
      expect.stringMatching(/is writing to it since|already/),
    ]);
    expect(treeOf(out)).toEqual(treeOf(join(root, `whole-${kind}`)));
  });
});

test("a damaged journal and a damaged picture cost only their images", async () => {
  removeAll(out);
  await run("masks", { out }, 8);
  const journal = join(out, ".unfinished/journal.jsonl");
  truncateSync(journal, statSync(journal).size - 7);
  writeFileSync(join(out, ".unfinished/worst/0-0.jpg"), "damaged");
  await run("masks", { out, resume: true });
  expect(treeOf(out)).toEqual(treeOf(join(root, "whole-masks")));
});

test("whatever write the disk refuses: a UserError, and the comparison goes on to the same bytes", async () => {
  removeAll(out);
  const { operations } = await withFaultyFiles({ fault: "EIO", at: Infinity }, () =>
    run("masks", { out }),
  );
  let kept = 0;
  for (let at = 0; at < operations; at += 5) {
    const fault = faults[(at / 5) % faults.length]!;
    removeAll(out);
    const { outcome, failed } = await withFaultyFiles({ fault, at, lasting: at % 2 === 0 }, () =>
      run("masks", { out }),
    );
    const where = `${fault} at ${at}`;
    if (outcome.status === "rejected") {
      expect(outcome.reason, where).toBeInstanceOf(UserError);
      const isKept = (outcome.reason as Error).message.includes("finished and kept");
      kept += Number(isKept);
      await run("masks", isKept ? { out, resume: true } : { out });
    }
    const found = outcome.status === "rejected" ? treeOf(out) : treeWithoutLock(out, failed);
    expect(found, where).toEqual(treeOf(join(root, "whole-masks")));
  }
  expect(kept).toBeGreaterThan(3);
});

test("VOC's tree of predictions goes on where it stopped, and is complete only with every image", async () => {
  const images = ["a", "b", "c"].map((name) => join(root, `voc/${name}.png`));
  for (const [i, file] of images.entries()) {
    await writeImage(file, { width: 3, height: 2, data: new Uint8Array(18).fill(i) });
  }
  const samples = images.map(
    (image) => ({ name: image.slice(-5, -4), image, tags: [] }) as unknown as Sample,
  );
  const predict = async (folder: string, { resume = false, fail = "", stop = Infinity } = {}) => {
    const target = { format: "voc", classes: vocClasses } as const;
    const place = await testSetFolder(nodeHost, folder, target, { resume, settings: { job: "p" } });
    const seen: number[] = [];
    const segmenter = {
      lanes: 1,
      segment: async ({
        width,
        height,
        data: pixels,
      }: {
        width: number;
        height: number;
        data: Uint8Array;
      }) => {
        if ("abc"[pixels[0]!] === fail) throw new UserError("too large");
        seen.push(pixels[0]!);
        return { width, height, data: new Uint8Array(width * height).fill(pixels[0]!) };
      },
    } as unknown as Segmenter;
    const steps = predictTestSet(nodeHost, samples, segmenter, place, {});
    let next = await steps.next();
    while (!next.done && next.value.done < stop) next = await steps.next();
    if (!next.done || next.value.skipped.length > 0) await place.stop();
    return seen;
  };
  const [whole, stopped] = [join(root, "voc-whole"), join(root, "voc-stopped")];
  await predict(whole);
  await predict(stopped, { stop: 1 });
  expect(await predict(stopped, { resume: true, fail: "b" })).toEqual([2]);
  expect(await predict(stopped, { resume: true })).toEqual([1]);
  expect(treeOf(stopped)).toEqual(treeOf(whole));
});

test("VOC's tree of predictions that cannot begin leaves nothing, and its folder is free", async () => {
  const folder = join(root, "voc-full");
  const begin = () =>
    testSetFolder(
      nodeHost,
      folder,
      { format: "voc", classes: vocClasses },
      { settings: { job: "p" } },
    );
  for (const name of ["run.lock", "job.json"]) {
    const within = join(folder, ".unfinished", name);
    const full = { fault: "ENOSPC", at: 0, lasting: true, within } as const;
    const { outcome } = await withFaultyFiles(full, begin);
    expect(outcome).toMatchObject({
      reason: { message: expect.stringMatching(/no space left/) as string },
    });
    expect(existsSync(folder), name).toBe(false);
  }
  await (await begin()).stop();
  expect(existsSync(folder)).toBe(false);
});

test("predictions that a disk stops tell the first reason, not that it refuses to clear up too", async () => {
  removeAll(out);
  const broken = { fault: "EIO", at: 2, lasting: true, within: join(out, "masks") } as const;
  const { outcome } = await withFaultyFiles(broken, () => run("predictions", { out }));
  expect(outcome).toMatchObject({
    reason: { message: expect.stringMatching(/\.png: cannot be written/) as string },
  });
});
