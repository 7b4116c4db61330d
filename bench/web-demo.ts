import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { PageSite } from "../test/browser/page-site.ts";
import { processUse } from "./web-training/process-use.ts";
import { savedLog, untilTrained } from "./web-training/saved-log.ts";

// How long the page takes from one press until a network has learned outlines from tags: the demo as a visitor starts it, in Chromium.
// With --picture FILE.png the page is kept as it looks at the end.
const { values } = parseArgs({ options: { picture: { type: "string" } } });

const site = await PageSite.open();
try {
  const page = await site.tab();
  page.setDefaultTimeout(1_800_000);
  const since = (start: number): string => `${((performance.now() - start) / 1000).toFixed(0)} s`;
  const start = performance.now();
  await page.getByRole("button", { name: "Start the demo" }).click();
  const seen = page.getByRole("heading", { name: /What it sees after step \d+/ });
  await seen.or(page.getByRole("alert")).first().waitFor();
  console.log(`first look at what the network sees: after ${since(start)}`);
  await untilTrained(page);
  const { seconds, largestBytes } = processUse(process.pid);
  console.log(
    `trained: after ${since(start)}, ${seconds.toFixed(0)} s of processor time, ` +
      `${(largestBytes / 1e6).toFixed(0)} MB at most in a process; ${cpus().length} × ${cpus()[0]?.model}`,
  );
  if (values.picture !== undefined) await page.screenshot({ path: values.picture, fullPage: true });
  for (const entry of await savedLog(site, page)) {
    if (entry.type !== "validation") continue;
    console.log(`step ${entry.step}: mIoU ${((entry.metrics.seg ?? NaN) * 100).toFixed(1)} %`);
  }
} finally {
  await site.close();
}
