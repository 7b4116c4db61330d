import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { MaskFormat } from "../src/files/formats/formats.ts";
import { measureApart } from "./measure-apart.ts";
import type { MeasuredMerge } from "./scale/merge-process.ts";
import { writeSyntheticShards } from "./scale/write-shards.ts";

// How time and memory of a merge grow with the number of images. The shards are written directly, in the forms and sizes that a job
// gives them, and each merge has a process of its own. With --million also for 1,000,000 images.
const { values } = parseArgs({
  options: {
    million: { type: "boolean", default: false },
    "shard-size": { type: "string", default: "1000" },
    format: { type: "string", multiple: true, default: ["voc", "coco", "labelstudio", "cvat", "yolo"] }, // prettier-ignore
  },
});
const counts = [1e4, 1e5, ...(values.million ? [1e6] : [])];
const shardSize = Number(values["shard-size"]);
const script = new URL("./scale/merge-process.ts", import.meta.url);
const work = mkdtempSync(join(tmpdir(), "tag2mask-scale-"));

try {
  console.log(`| format | images | shards of ${shardSize} | s | µs an image | peak memory, MiB |`);
  console.log("|---|---|---|---|---|---|");
  for (const format of values.format as MaskFormat[]) {
    for (const items of counts) {
      const out = join(work, `${format}-${items}`);
      await writeSyntheticShards(out, format, { items, shardSize });
      const { seconds, memory } = await measureApart<MeasuredMerge>(script, [out], "a merge");
      rmSync(out, { recursive: true });
      const cells = [
        format === "voc" ? "voc, contact sheet" : format,
        ...[items.toLocaleString("en"), Math.ceil(items / shardSize), seconds.toFixed(1)],
        ...[((1e6 * seconds) / items).toFixed(0), (memory / 2 ** 20).toFixed(0)],
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
