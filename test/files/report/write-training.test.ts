import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { RunDirectory } from "../../../src/files/run/directory.ts";
import { ticks } from "../../../src/files/report/axis.ts";
import { smooth, thin, type Point } from "../../../src/files/report/chart.ts";
import { html } from "../../../src/files/report/html.ts";
import { tileGap } from "../../../src/files/run/panel-picture.ts";
import { writeReport, type ReportInfo } from "../../../src/files/report/write-training.ts";
import type { TrainEvent } from "../../../src/method/train/events.ts";
import { fakeTraining, panelWithoutTruth, squarePanel } from "../run/fake-run.ts";

const info: ReportInfo = {
  title: "exp",
  dataset: { folder: "photos", images: 20 },
  config: { seed: 0, train: { steps: 12 }, eval: { scales: [1, 0.5] } },
  command: "tag2mask train --data photos",
  versions: { tag2mask: "0.1.0" },
};
const options = { steps: 12, classes: ["cat", "dog"], validateEvery: 4, checkpointEvery: 6 };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "report-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function report(events: Iterable<TrainEvent>, about: ReportInfo = info): Promise<string> {
  const run = await RunDirectory.create(nodeHost, { root, config: {} });
  for (const event of events) await run.record(event);
  await run.close();
  return readFileSync(await writeReport(nodeHost, run.path, about), "utf8");
}

/** What a reader sees, without the tags. */
function textOf(page: string): string {
  const body = page.slice(page.indexOf("<body>"));
  return body.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

test("the page shows what the exchange of several processes takes, which one process does not have", async () => {
  const events = [...fakeTraining({ panels: () => [], ...options })];
  const together = events.map((event) => {
    if (event.type !== "step") return event;
    const { seconds } = event;
    return { ...event, seconds: { ...seconds, exchange: seconds.total, total: 2 * seconds.total } };
  });
  expect(textOf(await report(events))).not.toContain("Exchange");
  expect(textOf(await report(together))).toMatch(/Exchange between processes 50%/);
});

test("the page shows the thresholds of a run and how they suit it, if the log has them", async () => {
  const about = { panels: () => [], ...options };
  const events = [...fakeTraining(about)];
  const fit = { ignored: 0.214, tagsWithoutPixels: 0.03, areas: [0.125, null] };
  const thresholds = { type: "thresholds", step: 3, low: 0.38, high: 0.58, chosen: true } as const;
  events.splice(4, 0, { ...thresholds, ...fit });
  const text = textOf(await report(events));
  expect(text).toContain(
    "Chosen from tags Low and high 0.38 and 0.58 Pixels ignored 21.4 % Tags that get no pixel 3.0 %",
  );
  expect(text).toContain("cat 12.5 % dog no such crop");
  expect(textOf(await report(fakeTraining(about)))).not.toContain("Thresholds");
});

test("the page has scores, curves, a row for each class, pictures, timings and how to repeat the run", async () => {
  const page = await report(fakeTraining({ ...options, panels: () => [squarePanel("first")] }));
  const text = textOf(page);
  expect(text).toMatch(/12 steps · 0\.26 M parameters · 20 images · 2 classes/);
  expect(text).toMatch(/Segmentation 0\.\d{3} mean IoU/);
  expect(text).toMatch(/Best validation, after step 12/);
  for (const word of [
    "background",
    "cat",
    "dog",
    "Tag F1",
    "CAM labels",
    "Network",
    "images a second",
  ]) {
    expect(text).toContain(word);
  }
  expect(text).toContain("tag2mask train --data photos");
  expect(text).toMatch(/scales 1, 0\.5/);
  expect(page.match(/<img /g)).toHaveLength(6);
  expect(page).toContain('alt="Prediction of first"');
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("a picture of the page is cut from its strip, byte for byte the JPEG of that part", async () => {
  const page = await report(fakeTraining({ ...options, panels: () => [squarePanel("a")] }));
  const [run] = readdirSync(root);
  const strip = join(root, run!, "samples", "step-000012-a.jpg");
  const { width = 0, height = 0 } = await sharp(strip).metadata();
  const tileWidth = (width - 5 * tileGap) / 6;
  const pictures = [...page.matchAll(/src="data:image\/jpeg;base64,([^"]+)"/g)];
  expect(pictures).toHaveLength(6);
  for (const [i, [, base64]] of pictures.entries()) {
    const part = { left: i * (tileWidth + tileGap), top: 0, width: tileWidth, height };
    const jpeg = await sharp(strip).extract(part).jpeg({ quality: 84 }).toBuffer();
    expect(Buffer.from(base64!, "base64").equals(jpeg)).toBe(true);
  }
});

test("a log whose tiles do not fit into their strip is refused", async () => {
  const run = await RunDirectory.create(nodeHost, { root, config: {} });
  const panels = () => [squarePanel("a")];
  for (const event of fakeTraining({ ...options, panels })) await run.record(event);
  await run.close();
  const log = join(run.path, "log.jsonl");
  const text = readFileSync(log, "utf8");
  writeFileSync(log, text.replaceAll(/"tileWidth":\d+/g, '"tileWidth":9999'));
  await expect(writeReport(nodeHost, run.path, info)).rejects.toThrow(
    /step-000012-a\.jpg: is \d+ pixels wide, but the log has 6 tiles of 9999 in it/,
  );
});

test("the page asks nothing of the network and runs no script", async () => {
  const page = await report(fakeTraining({ ...options, panels: () => [squarePanel("a")] }));
  expect(page).not.toMatch(/<script|<link|@import|url\(|https?:\/\//);
  expect(page).toContain("default-src 'none'");
  for (const [, source] of page.matchAll(/src="([^"]{0,30})/g)) {
    expect(source).toMatch(/^data:image\/jpeg;base64,/);
  }
});

test("names from data cannot become markup", async () => {
  const evil = `<img src=x onerror="alert('1')">&`;
  const escaped = "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;";
  const page = await report(
    fakeTraining({ ...options, classes: [evil, "dog"], panels: () => [squarePanel(evil)] }),
    {
      ...info,
      title: evil,
      dataset: { [evil]: evil },
      command: evil,
      config: { [evil]: { [evil]: [evil] } },
      versions: { [evil]: evil },
    },
  );
  expect(page).not.toContain("<img src=x");
  expect(page.split(escaped).length).toBeGreaterThan(12);
});

test("a log that names pictures elsewhere gets none of them into the page", async () => {
  const run = await RunDirectory.create(nodeHost, { root, config: {} });
  const panels = () => [squarePanel("a")];
  for (const event of fakeTraining({ ...options, panels })) await run.record(event);
  await run.close();
  const secret = join(root, "secret.jpg");
  copyFileSync(join(run.path, "samples", "step-000012-a.jpg"), secret);
  const log = join(run.path, "log.jsonl");
  const text = readFileSync(log, "utf8");
  writeFileSync(log, text.replaceAll(/"file":"samples[^"]*"/g, '"file":"../secret.jpg"'));
  await expect(writeReport(nodeHost, run.path, info)).rejects.toThrow(
    /samples.secret\.jpg: cannot be read/,
  );
});

test("the markup is well formed", async () => {
  const page = await report(fakeTraining({ ...options, panels: () => [squarePanel("a")] }));
  const xml = page.replace("<!doctype html>", "");
  expect(XMLValidator.validate(xml)).toBe(true);
  expect(new XMLParser().parse(xml)).toHaveProperty("html.body.main");
});

test("a run stopped before its first validation, even before its first step, has a page that says so", async () => {
  const events = [...fakeTraining({ ...options, panels: () => [] })];
  expect(textOf(await report(events.slice(0, 3)))).toMatch(/stopped after 2 of 12 steps/);
  expect(textOf(await report(events.slice(0, 1)))).toMatch(/before its first validation/);
  expect(textOf(await report([]))).toMatch(/before its first validation/);
});

test("without a truth the F1 of the tags is the score, without an empty table, and a panel has five pictures", async () => {
  const panel = panelWithoutTruth("a");
  const events = [...fakeTraining({ ...options, panels: () => [panel] })].map((event) => {
    if (event.type !== "validation") return event;
    const none = [NaN, NaN, NaN];
    const metrics = { cam: NaN, affinityCam: NaN, seg: NaN, tagF1: 0.5 };
    const perClass = { cam: none, affinityCam: none, seg: none };
    return { ...event, metrics, perClass, camAreas: [0.75, 0.125, 0.0625] };
  });
  const page = await report(events);
  expect(textOf(page)).toMatch(/Area of class activations % background 75\.0 cat 12\.5 dog 6\.3/);
  expect(textOf(page)).toMatch(/Image tags 0\.500 mean F1/);
  expect(textOf(page)).toMatch(
    /There are no true masks, so no IoU: the F1 of the tags is the score\./,
  );
  expect(textOf(page)).not.toMatch(/mean IoU|Affinity Segmentation/);
  expect(page.match(/<img /g)).toHaveLength(5);
  expect(page).not.toMatch(/NaN|undefined|null/);
});

test("scores that are handed over head the page instead of the best validation's", async () => {
  const perClass = { cam: [0.1, 0.1, 0.1], affinityCam: [0.2, 0.2, 0.2], seg: [0.3, 0.3, 0.3] };
  const metrics = { cam: 0.111, affinityCam: 0.222, seg: 0.333, tagF1: 0.444 };
  const scores = { title: "Held-out scenes", metrics, perClass };
  const page = await report(fakeTraining({ ...options, panels: () => [] }), { ...info, scores });
  expect(textOf(page)).toMatch(/Segmentation 0\.333 mean IoU.*Held-out scenes/);
});

describe("chart parts", () => {
  test.each([
    [0, 1, 4, [0, 0.25, 0.5, 0.75, 1]],
    [0, 1200, 5, [0, 250, 500, 750, 1000]],
    [0, 0.00031, 4, [0, 0.0001, 0.0002, 0.0003]],
    [5, 5, 4, [5]],
    [0, NaN, 4, [0]],
  ])("ticks from %d to %d", (low, high, count, expected) => {
    expect(ticks(low, high, count)).toEqual(expected);
  });

  test("thinning keeps the mean, smoothing keeps a constant", () => {
    const line = Array.from({ length: 1000 }, (_, i): Point => [i, i]);
    expect(thin(line, 10)).toHaveLength(10);
    expect(thin(line, 10)[0]).toEqual([49.5, 49.5]);
    expect(thin(line, 5000)).toEqual(line);
    const flat = line.map(([x]): Point => [x, 3]);
    for (const [, y] of smooth(flat, 20)) expect(y).toBeCloseTo(3, 12);
    expect(smooth([], 20)).toEqual([]);
  });

  test("a template escapes all but its own markup", () => {
    expect(
      html`<b title="${'"'}">${html`<i>${"<"}</i>`}${["&", undefined]}${undefined}${1}</b>`.text,
    ).toBe(`<b title="&quot;"><i>&lt;</i>&amp;1</b>`);
  });
});
