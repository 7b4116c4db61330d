import type { Page } from "playwright-core";
import type { Random } from "../../src/engine/random.ts";

/** What somebody does in each screen; each resolves with the number of actions. */
const screens: Readonly<Record<string, (page: Page, random: Random) => Promise<number>>> = {
  tag,
  review,
  inspect,
  train: look,
  export: look,
};

/** Works for a while in one screen after the other. @returns actions: keys, clicks, strokes and screens */
export async function work(page: Page, random: Random): Promise<number> {
  let actions = 0;
  for (const [number, [screen, inScreen]] of Object.entries(screens).entries()) {
    // The keys of the canvas are its own until Escape.
    await page.keyboard.press("Escape");
    const place = ["tag", "train", "inspect", "review", "export"].indexOf(screen) + 1;
    await page.keyboard.press(`Alt+${place}`);
    await page.locator(`main[data-screen=${screen}]`).waitFor();
    actions += 2 + (await inScreen(page, random));
    await page.locator(".saved-state.saved").waitFor();
    if (number === 0) await closeMessages(page);
  }
  return actions;
}

async function press(page: Page, keys: readonly string[]): Promise<number> {
  for (const key of keys) await page.keyboard.press(key);
  return keys.length;
}

/** Gives and takes classes here and there, and takes half of it back. */
async function tag(page: Page, random: Random): Promise<number> {
  await page.locator(".cell:not([hidden])").first().waitFor();
  await page.locator("[role=grid]").focus();
  let actions = 0;
  for (let i = 0; i < 6; i++) {
    const steps = Array.from({ length: 1 + random.int(4) }, () => "ArrowRight");
    const keys = [...steps, random.chance(0.3) ? "ArrowDown" : "ArrowRight"];
    actions += await press(page, [...keys, String(1 + random.int(3))]);
    if (random.chance(0.7)) actions += await press(page, ["Control+z"]);
  }
  actions += await press(page, ["Shift+ArrowRight", "Shift+ArrowDown", "Escape"]);
  await page.keyboard.press("Home");
  return actions + 1;
}

/** Paints strokes with several tools, takes some back, and judges. */
async function review(page: Page, random: Random): Promise<number> {
  let actions = 0;
  for (let image = 0; image < 3; image++) {
    await page.locator(".review-image h2").waitFor();
    const box = (await page.locator(".canvas").boundingBox())!;
    const place = (): readonly [number, number] => [
      box.x + box.width * random.uniform(0.3, 0.7),
      box.y + box.height * random.uniform(0.3, 0.7),
    ];
    for (let stroke = 0; stroke < 5; stroke++) {
      const tool = ["b", "e", "l", "b", "g"][stroke]!;
      actions += await press(page, [String(1 + random.int(2)), tool]);
      await page.mouse.move(...place());
      await page.mouse.down();
      for (let i = 0; i < 3; i++) await page.mouse.move(...place(), { steps: 5 });
      await page.mouse.up();
      actions++;
      if (random.chance(0.5)) actions += await press(page, ["z"]);
    }
    actions += await press(page, ["o", "o", "d", "d", "+", "0"]);
    // Judged masks come again: the verdicts go round.
    const verdict = random.chance(0.5) ? ["ArrowRight"] : [random.chance(0.5) ? "Enter" : "u"];
    actions += await press(page, verdict);
    await page.locator(".saved-state.saved").waitFor();
  }
  return actions;
}

/** Shows images with their layers, moves a threshold, and asks for tokens. */
async function inspect(page: Page, random: Random): Promise<number> {
  let actions = 0;
  for (let image = 0; image < 3; image++) {
    const slider = page.locator(".inspect-side .slider input").first();
    await slider.waitFor();
    const views = page.locator(".layer-list input");
    for (let i = 0; i < 4; i++) await views.nth(random.int(await views.count())).check();
    for (let i = 0; i < 10; i++)
      await slider.press(random.chance(0.5) ? "ArrowRight" : "ArrowLeft");
    const box = (await page.locator(".canvas").boundingBox())!;
    await page.mouse.click(
      box.x + box.width * random.uniform(0.4, 0.6),
      box.y + box.height * random.uniform(0.4, 0.6),
    );
    await page.getByText(/keeps .* of its own score/).waitFor();
    actions += 15;
    await page.locator("h1").last().click();
    const isLast = await page.getByRole("button", { name: "Next image" }).isDisabled();
    if (isLast) await page.evaluate(`location.hash = "#/inspect/0"`);
    else actions += await press(page, ["PageDown"]);
  }
  return actions;
}

/** Opens a screen, the list of keys and the search. */
async function look(page: Page): Promise<number> {
  await page.locator("main h2").first().waitFor();
  let actions = 0;
  for (const key of ["?", "Control+k"]) {
    await page.keyboard.press(key);
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    actions += 2;
  }
  return actions;
}

async function closeMessages(page: Page): Promise<void> {
  const closing = page.locator(".toast button");
  while ((await closing.count()) > 0) await closing.first().click({ timeout: 2000 }).catch(() => undefined); // prettier-ignore
}
