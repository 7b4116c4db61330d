import type { Page } from "playwright-core";
import type { ImageDetails, Project } from "../../src/studio/protocol.ts";
import { encodeRecords, pageRecords, type ImageRecord } from "../../src/studio/records.ts";

/** Ids in another order than the positions, as those of a sorted list are; the factor has no common divisor with 10^6. */
const factor = 7919;

function idAt(position: number, total: number): number {
  return (position * factor) % total;
}

function positionOf(id: number, total: number): number {
  // The inverse of the factor modulo 10^6 and its divisors.
  return Number((BigInt(id) * 17_679n) % BigInt(total));
}

function record(position: number, total: number): ImageRecord {
  const id = idAt(position, total);
  return {
    id,
    version: 1,
    confidence: Number.NaN,
    width: 640,
    height: 480,
    verdict: "none",
    flags: 0,
    split: 0,
    tagCount: 1,
    tags: [id % 4],
  };
}

/** Answers a page's questions for the list of images with a generated one, as making a million files takes too long. */
export async function serveMillion(page: Page, total: number): Promise<void> {
  await page.route("**/api/images?*", (route) => {
    const cursor = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
    const count = Math.max(0, Math.min(pageRecords, total - cursor));
    const end = cursor + count;
    const records = Array.from({ length: count }, (_, i) => record(cursor + i, total));
    const body = encodeRecords({ total, next: end < total ? end : null, records });
    return route.fulfill({
      contentType: "application/octet-stream",
      body: Buffer.from(body),
    });
  });
  await page.route("**/api/images/details", (route) => {
    const { ids } = route.request().postDataJSON() as { ids: number[] };
    return route.fulfill({ json: ids.map((id) => details(id, total)) });
  });
  await page.route("**/api/project", async (route) => {
    const response = await route.fetch();
    const project = (await response.json()) as Project;
    const counts = { ...project.counts, images: total, perClass: [1, 1, 1, 1] };
    return route.fulfill({
      json: { ...project, classes: ["ball", "crate", "leaf", "star"], counts },
    });
  });
  await page.route("**/thumb?*", (route) =>
    route.fulfill({ contentType: "image/svg+xml", body: picture }),
  );
}

function details(id: number, total: number): ImageDetails {
  const name = `image-${positionOf(id, total)}`;
  return {
    id,
    name,
    file: `${name}.jpg`,
    version: "1",
    tags: [id % 4],
    untagged: false,
    tagsRev: 1,
    split: "",
    width: 640,
    height: 480,
    verdict: "none",
    maskRev: 0,
    drawn: false,
    confidence: null,
    missing: [],
    problems: [],
  };
}

const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="192"><rect width="256" height="192" fill="#48a"/></svg>`;
