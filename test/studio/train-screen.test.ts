import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { readLock } from "../../src/host/node/files/lock-file.ts";
import { encodePatch } from "../../src/studio/patches.ts";
import type { Choices, Comparison, ImageDetails, NewRun, Run } from "../../src/studio/protocol.ts";
import { commandLine } from "../built.ts";
import { missing, useBrowser } from "./open-page.ts";
import { maskOf } from "./review-folder.ts";
import { useSceneStudio } from "./scene-studio.ts";
import { waitUntil } from "./start-studio.ts";
import { tinyRun } from "./tiny-run.ts";

const side = 64;

describe.skipIf(missing !== null)("the train screen", () => {
  const browser = useBrowser();
  const { studio } = useSceneStudio(8, { size: side, tagged: 8 });

  /** Opens the screen. Trainings that the page asks for get a network that is small enough for a test. */
  async function openTraining() {
    const opened = await browser.open(studio().url);
    const asked: NewRun[] = [];
    await opened.page.route("**/api/runs", (route) => {
      const request = route.request();
      if (request.method() !== "POST") return route.continue();
      const { set, ...wanted } = request.postDataJSON() as NewRun;
      const run = { ...wanted, set: { ...set, ...tinyRun.set, "train.checkpointEvery": 4 } };
      asked.push(run);
      return route.continue({ postData: JSON.stringify(run) });
    });
    await opened.page.getByRole("link", { name: /^Train/ }).waitFor();
    await opened.page.keyboard.press("Alt+2");
    await opened.page.getByRole("heading", { name: "New training" }).waitFor();
    return { ...opened, asked };
  }

  const runOf = (id: string): Promise<Run> => studio().get(`/api/runs/${id}`);
  const reach = async (id: string, state: Run["state"]): Promise<void> =>
    waitUntil(async () => {
      const run = await runOf(id);
      if (run.state === "failed") throw new Error(run.error!);
      return run.state === state;
    });
  const weights = async (id: string) =>
    readFile(join((await runOf(id)).path, "weights/last.safetensors"));
  const head = (page: Page) => page.locator(".run-head");
  const shownStep = async (page: Page): Promise<number> =>
    Number(/step ([\d,]+) of/.exec(await head(page).innerText())?.[1] ?? 0);

  /** Stops the process of a training in its tracks, so that nothing happens to it meanwhile. */
  async function whileHeld(id: string, act: () => Promise<void>): Promise<void> {
    const { pid } = (await readLock(join((await runOf(id)).path, "run.lock")))!;
    process.kill(pid!, "SIGSTOP");
    try {
      await act();
    } finally {
      process.kill(pid!, "SIGCONT");
    }
  }

  /** Steps and total losses of the log. */
  async function loggedLosses(id: string): Promise<[step: number, loss: number][]> {
    const log = await readFile(join((await runOf(id)).path, "log.jsonl"), "utf8");
    return log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; step: number; losses: { total: number } })
      .filter(({ type }) => type === "step")
      .map(({ step, losses: { total } }) => [step, Number(total.toLocaleString("en", { maximumSignificantDigits: 3 }))]); // prettier-ignore
  }

  /** The same as the curve shows it below the pointer, which is led from its beginning to its end. */
  async function shownLosses(page: Page, steps: number): Promise<[step: number, loss: number][]> {
    const chart = page.locator(".chart").first();
    const { x, y, width, height } = (await chart.locator(".area").boundingBox())!;
    const found = new Map<number, number>();
    for (let step = 0; step <= steps; step++) {
      await page.mouse.move(x + (step / steps) * (width - 1), y + height / 2);
      const [at, total] = await chart.locator(".chart-legend .value").allInnerTexts();
      if (/\d/.test(at!)) found.set(Number(at), Number(total));
    }
    return [...found].sort(([a], [b]) => a - b);
  }

  test("trains by keyboard, shows curves without a gap after it is loaded anew, stops, and goes on in a terminal to the same bits", async () => {
    const { page, asked, complaints } = await openTraining();
    const steps = 40;
    await page.getByRole("spinbutton", { name: "Steps" }).fill(String(steps));
    await page.getByRole("spinbutton", { name: "Crops a step" }).fill("2");
    await page.getByRole("spinbutton", { name: "Side of crops" }).fill("64");
    await page.getByRole("combobox", { name: "Computes on" }).selectOption("cpu");
    await page.getByRole("button", { name: /^Start training/ }).focus();
    await page.keyboard.press("Enter");
    await head(page).getByRole("heading", { name: "run-1" }).waitFor();
    await waitUntil(async () => (await runOf("run-1")).step >= 2);
    let before = 0;
    await whileHeld("run-1", async () => {
      const logged = await loggedLosses("run-1");
      before = logged.length;
      expect(before).toBeLessThan(steps);
      // The log may be a step ahead of what the process has told the server.
      await expect.poll(() => shownStep(page)).toBeGreaterThanOrEqual(2);
      await page.reload();
      await page.locator(".chart").first().waitFor();
      await expect.poll(() => shownLosses(page, steps)).toEqual(logged);
    });
    await waitUntil(async () => (await runOf("run-1")).step > before);
    await whileHeld("run-1", async () => {
      await expect.poll(() => shownStep(page)).toBeGreaterThan(before);
      await page.keyboard.press("Shift+S");
      await head(page).getByRole("status").getByText("stopping").waitFor();
    });
    await head(page).getByRole("status").getByText("stopped").waitFor();
    const logged = await loggedLosses("run-1");
    expect(logged.map(([step]) => step)).toEqual(logged.map((_, i) => i));
    expect(logged.length).toBeLessThan(steps);
    await expect.poll(() => shownLosses(page, steps)).toEqual(logged);

    // Without the pointer the legend has the newest values, of steps that come later, too.
    await page.mouse.move(1, 1);
    const newest = page.locator(".chart-legend .value").first();
    await expect.poll(() => newest.innerText()).toBe(String(logged.at(-1)![0]));

    // The page names the command that goes on with it.
    const [program, ...words] = (await head(page).locator("code.command").innerText()).split(" ");
    expect(program).toBe("tag2mask");
    await promisify(execFile)(process.execPath, [...commandLine, ...words]);
    await head(page).getByRole("status").getByText("done").waitFor();
    await expect.poll(() => newest.innerText()).toBe(String(steps - 1));
    await expect.poll(() => shownLosses(page, steps)).toEqual(await loggedLosses("run-1"));

    const chart = page.locator(".chart").first();
    const curves = chart.locator("polyline");
    const shown = await curves.count();
    await chart.getByRole("button", { name: "total" }).click();
    await expect.poll(() => curves.count()).toBe(shown - 1);
    await chart.getByRole("button", { name: "total" }).click();
    await expect.poll(() => curves.count()).toBe(shown);
    // Dragging over steps shows these alone, a double click all again.
    const area = chart.locator(".area");
    const { width } = (await area.boundingBox())!;
    const firstStep = async () => Number(await chart.locator(".at-bottom text").first().textContent()); // prettier-ignore
    await area.hover({ position: { x: width / 2, y: 20 } });
    await page.mouse.down();
    await area.hover({ position: { x: (3 / 4) * width, y: 20 } });
    await page.mouse.up();
    await expect.poll(firstStep).toBeGreaterThan(steps / 2 - 2);
    // Few steps have a dot each.
    await expect.poll(() => chart.locator("polyline ~ circle").count()).toBeGreaterThan(0);
    await area.dblclick();
    await expect.poll(firstStep).toBe(0);
    await expect.poll(() => chart.locator("polyline ~ circle").count()).toBe(0);
    const { id } = await studio().send<Run>("POST", "/api/runs", asked[0]);
    await reach(id, "done");
    expect((await weights("run-1")).equals(await weights(id))).toBe(true);
    expect(complaints).toEqual([]);
  });

  test("offers to train again with the corrections, and compares the masks before and after", async () => {
    const labels = new Uint8Array(side * side).fill(1, 0, 20 * side);
    for (const id of [0, 1]) {
      await studio().request(`/api/images/${id}/strokes`, {
        method: "POST",
        headers: { "if-match": String((await maskOf(studio(), id)).rev) },
        body: encodePatch({ x: 0, y: 0, width: side, height: side, labels }),
      });
      const { rev } = await maskOf(studio(), id);
      await studio().send("POST", `/api/images/${id}/verdict`, { rev, verdict: "accepted" });
    }
    const { id: newest } = await studio().send<Run>("POST", "/api/runs", { ...tinyRun, steps: 2 });
    await reach(newest, "done");
    const { page, asked, complaints } = await openTraining();
    await page.getByLabel("Learn from 2 corrected masks too").waitFor();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("4");
    await page.getByRole("spinbutton", { name: "Crops a step" }).fill("2");
    await page.getByRole("spinbutton", { name: "Side of crops" }).fill("64");
    await page.getByRole("button", { name: /^Train again with 2 corrections/ }).click();
    await head(page).getByText("2 corrected masks").waitFor();
    expect(asked).toMatchObject([{ from: newest, useCorrections: true, steps: 4 }]);
    const again = await head(page).getByRole("heading").innerText();
    await reach(again, "done");
    const compare = page.getByRole("region", { name: "Before and after" });
    await compare.getByRole("button", { name: "Compare" }).click();
    await compare.getByText("was trained on these very masks").waitFor();
    const { before, after, images } = await studio().send<Comparison>("POST", "/api/compare", {
      ...{ before: newest, after: again },
    });
    const share = (value: number) =>
      value.toLocaleString("en", { style: "percent", maximumFractionDigits: 1 });
    const rows = (await compare.getByRole("row").allInnerTexts()).map((row) => row.split(/\s*\t\s*/)); // prettier-ignore
    expect(rows).toEqual([
      ["Image", newest, again],
      ["Mean over the classes", share(before!), share(after!)],
      ...images.map((image) => [`image ${image.id}`, share(image.before), share(image.after)]),
    ]);
    expect(images.map(({ id }) => id)).toEqual([0, 1]);
    expect(complaints).toEqual([]);
  });

  test("devices that were still being tried are offered once they are known", async () => {
    const { page } = await browser.open("about:blank");
    const { devices } = await studio().get<Choices>("/api/choices");
    let isTried = false;
    await page.route("**/api/choices", async (route) => {
      const choices = (await (await route.fetch()).json()) as Choices;
      const known = choices.devices.filter(({ name }) => name === "cpu");
      const slow = { name: "slow", works: true, reason: null };
      await route.fulfill({ json: { ...choices, devices: isTried ? [...known, slow] : known } });
    });
    await page.goto(studio().url);
    await page.getByRole("link", { name: /^Train/ }).click();
    const choice = page.getByRole("combobox", { name: "Computes on" });
    const offered = () => choice.getByRole("option").allInnerTexts();
    await expect.poll(offered).toEqual(["the best there is", "cpu"]);
    expect(devices.map(({ name }) => name)).toContain("cpu");
    isTried = true;
    // Any change of the project tells it; the server sends the same event when its devices are known.
    const [image] = await studio().send<ImageDetails[]>("POST", "/api/images/details", { ids: [7] }); // prettier-ignore
    const changes = [{ id: 7, rev: image!.tagsRev, tags: [0] }];
    await studio().send("PUT", "/api/tags", { changes });
    await expect.poll(offered).toEqual(["the best there is", "cpu", "slow"]);
    // Requests that are under way as the page closes fail, and nobody waits for them.
    await page.unrouteAll({ behavior: "ignoreErrors" });
  });
});
