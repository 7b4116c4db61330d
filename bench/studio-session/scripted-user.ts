import type { Page } from "playwright-core";
import type { LabelMap } from "../../src/method/images/image.ts";
import { decodeMask } from "../../src/studio/patches.ts";
import type { StartedStudio } from "../../test/studio/start-studio.ts";

/** Somebody who works in the studio by keyboard alone. */
export class ScriptedUser {
  constructor(
    readonly page: Page,
    private readonly studio: StartedStudio,
  ) {}

  async press(key: string, times = 1): Promise<void> {
    for (let i = 0; i < times; i++) await this.page.keyboard.press(key);
  }

  /** Holds a key, with others such as Shift, until it has come so many times. */
  private async hold(key: string, times: number, ...others: readonly string[]): Promise<void> {
    if (times === 0) return;
    const { keyboard } = this.page;
    for (const other of others) await keyboard.down(other);
    // Repetitions of one key need not wait for each other.
    await Promise.all(Array.from({ length: times }, () => keyboard.down(key)));
    await keyboard.up(key);
    for (const other of others) await keyboard.up(other);
  }

  /** Presses Tab until the control with this name has the focus. */
  async tabTo(name: RegExp): Promise<void> {
    for (let i = 0; i < 120; i++) {
      await this.press("Tab");
      const focus = this.page.locator(":focus");
      // After the last control of the page comes none, then the first.
      if ((await focus.count()) === 0) continue;
      const focused = await focus.evaluate((element) => {
        const label = element.closest("label")?.textContent ?? "";
        return `${element.getAttribute("aria-label") ?? ""} ${label} ${element.textContent ?? ""}`;
      });
      if (name.test(focused)) return;
    }
    throw new Error(`no control named ${name} is reached by Tab`);
  }

  /** Writes into a field in place of what stands there. */
  async write(name: RegExp, text: string): Promise<void> {
    await this.tabTo(name);
    await this.press("Control+a");
    await this.page.keyboard.type(text);
  }

  /** Chooses in a list by the first letters of an entry. */
  async choose(name: RegExp, entry: string): Promise<void> {
    await this.tabTo(name);
    await this.page.locator(":focus option", { hasText: entry }).waitFor({ state: "attached" });
    await this.page.keyboard.type(entry);
    const chosen = (await this.page.locator(":focus option:checked").textContent())!;
    if (!chosen.startsWith(entry)) throw new Error(`${name} is ${chosen} instead of ${entry}`);
  }

  /** Gives an image its tags in the grid and goes to the next one; classes that there are not yet are typed. */
  async tag(tags: readonly string[], known: string[]): Promise<void> {
    const { page } = this;
    for (const tag of tags) {
      const number = known.indexOf(tag);
      if (number >= 0) await this.press(String(number + 1));
      else {
        known.push(tag);
        await this.press(tag[0]!);
        await page.getByRole("combobox", { name: "Class", exact: true }).waitFor();
        await page.keyboard.type(tag.slice(1));
        await this.press("Enter");
      }
      await page.getByRole("button", { name: new RegExp(tag), pressed: true }).waitFor();
    }
    await this.press("ArrowRight");
  }

  /**
   * Paints a mask over the one that is shown, with a brush of three pixels, where all three agree: what a careful person does,
   * with borders that are a pixel off.
   * @param labels classes by the keys that choose them
   * @returns number of strokes
   */
  async paint(id: number, truth: LabelMap, labels: readonly number[]): Promise<number> {
    const { page } = this;
    const shown = await this.mask(id);
    await this.press("Escape");
    await this.press("k");
    const brush = await this.toCorner();
    let strokes = 0;
    const layers = [
      ...labels.map((label, i) => [label, String(i + 1)] as const),
      [0, "e"] as const,
    ];
    for (const [label, key] of layers) {
      const rows = bandsOf(shown, truth, label);
      if (rows.length > 0) await this.press(key);
      for (const { y, from, to } of rows) {
        await brush.move(from, y);
        await page.keyboard.down(" ");
        await brush.move(to === from ? to + (to > 1 ? -1 : 1) : to, y);
        await page.keyboard.up(" ");
        strokes++;
      }
    }
    return strokes;
  }

  async mask(id: number): Promise<LabelMap> {
    const response = await this.studio.request(`/api/images/${id}/mask`);
    return decodeMask(new Uint8Array(await response.arrayBuffer()));
  }

  /** Makes the brush three pixels wide. */
  async chooseBrush(): Promise<void> {
    await this.press("b");
    for (let i = 0; i < 40; i++) {
      if (await this.page.getByText("3 px", { exact: true }).isVisible()) return;
      await this.press("[");
    }
    throw new Error("the brush does not become three pixels wide");
  }

  /** Brings the brush into the corner, from where its place is known. */
  private async toCorner(): Promise<{ move(x: number, y: number): Promise<void> }> {
    const { page } = this;
    await this.hold("ArrowLeft", 60, "Shift");
    await this.hold("ArrowUp", 60, "Shift");
    await this.press("Shift+ArrowRight");
    await page.locator("[aria-live=polite]", { hasText: /^[1-9]\d*, 0:/ }).waitFor();
    const far = Number.parseInt(
      (await page.locator("[aria-live=polite]", { hasText: /^\d+, 0:/ }).textContent())!,
      10,
    );
    let [atX, atY] = [far, 0];
    const along = async (by: number, [back, on]: readonly [string, string]): Promise<void> => {
      const key = by < 0 ? back : on;
      await this.hold(key, Math.floor(Math.abs(by) / far), "Shift");
      await this.hold(key, Math.abs(by) % far);
    };
    return {
      move: async (x, y) => {
        await along(x - atX, ["ArrowLeft", "ArrowRight"]);
        await along(y - atY, ["ArrowUp", "ArrowDown"]);
        [atX, atY] = [x, y];
      },
    };
  }
}

interface Run {
  readonly y: number;
  readonly from: number;
  readonly to: number;
}

/** Strokes of a brush of three pixels that make a label of what has another one, every third row to and fro. */
export function bandsOf(shown: LabelMap, truth: LabelMap, label: number): Run[] {
  const { width, height } = truth;
  const every = (x: number, y: number, is: (at: number) => boolean): boolean => {
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) if (!is((y + dy) * width + x + dx)) return false;
    }
    return true;
  };
  const runs: Run[] = [];
  for (let y = 1, k = 0; y < height - 1; y += 3, k++) {
    const row: Run[] = [];
    let open: { from: number; to: number; isWrong: boolean } | undefined;
    const close = (): void => {
      if (open?.isWrong) row.push({ y, from: open.from, to: open.to });
      open = undefined;
    };
    for (let x = 1; x < width - 1; x++) {
      const isInside = every(x, y, (at) => truth.data[at] === label);
      const isWrong = isInside && !every(x, y, (at) => shown.data[at] === label);
      if (!isInside) close();
      else if (isWrong) open = { from: open?.from ?? x, to: x, isWrong: true };
    }
    close();
    runs.push(
      ...(k % 2 === 0 ? row : row.reverse().map(({ from, to }) => ({ y, from: to, to: from }))),
    );
  }
  return runs;
}
