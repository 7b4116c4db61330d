import { strFromU8, unzipSync } from "fflate";
import type { Page } from "playwright-core";
import type { LogEntry } from "../../src/files/run/log.ts";
import type { PageSite } from "../../test/browser/page-site.ts";

/** Waits until the training that a page shows has ended; an error with its words if it failed. */
export async function untilTrained(page: Page): Promise<void> {
  await page.locator("[data-state=done], [role=alert]").waitFor();
  const failures = await page.getByRole("alert").allInnerTexts();
  if (failures.length > 0) throw new Error(failures.join("\n"));
}

/** The log of the run that a page shows, as the page saves it. */
export async function savedLog(site: PageSite, page: Page): Promise<LogEntry[]> {
  const save = page.getByRole("button", { name: "The whole run" });
  const zip = await site.saved(page, () => save.click());
  const lines = strFromU8(unzipSync(zip)["log.jsonl"]!).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as LogEntry);
}
