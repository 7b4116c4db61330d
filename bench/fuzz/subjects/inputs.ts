import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTars } from "../../../src/files/inputs/dataset.ts";
import { inputHost } from "../../../src/files/inputs/input-host.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { gnuLongName, tarOf } from "../../../test/files/inputs/tars.ts";
import { mustHold, type Subject } from "../subject.ts";

/** Tars of images with tags. */
export async function inputSubjects(work: string): Promise<Subject[]> {
  const path = join(work, "file.tar");
  const plain = await tarOf(
    ...([["a.jpg", "x".repeat(700)], ["a.json", '{"tags": ["cat", "dog"]}']] as const),
    ...([["b/c.png", "y"], ["b/c.txt", "cat;dog"], ["d.jpg", "z"], ["d.cls", "3"]] as const),
  ); // prettier-ignore
  const long = `folder/${"long-".repeat(40)}.jpg`;
  const pax = await tarOf([long, "x"], [`${long.slice(0, -4)}.json`, '{"label": "cat"}'], ["ä.jpg", "y"], ["ä.txt", "cat"]); // prettier-ignore
  const gnu = Buffer.concat([await gnuLongName(long, "x"), plain]);
  return [
    {
      ...{ name: "tar", kind: "tar", seeds: [plain, pax, gnu] },
      read: async (bytes) => {
        writeFileSync(path, bytes);
        const { data, items } = await openTars(nodeHost, path, [path], { alone: true });
        mustHold(data.counts.all.images === items.length, `${items.length} images`);
        const { store } = inputHost(nodeHost, items);
        for (const { file, at } of items) {
          mustHold(file.startsWith(`${path}/`) && !/(^|\/)\.\.(\/|$)/.test(file), file);
          if (at!.size > 0) mustHold((await store.read(file)).length === at!.size, file);
        }
      },
    },
  ];
}
