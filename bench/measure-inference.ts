import { link, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseConfig, type Config } from "../src/method/config.ts";
import { vocClasses } from "../src/method/images/classes.ts";
import { ForwardPass } from "../src/method/inference/forward.ts";
import { outcomeOf } from "../src/jobs/events.ts";
import { exportModel } from "../src/jobs/export.ts";
import { readImage, writeImage } from "../src/host/node/images/codec.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { openModel } from "../src/jobs/open-model.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import { SessionPool } from "../src/host/node/workers/session-pool.ts";
import { withLongSide } from "../src/method/inference/long-side.ts";
import { resizeImage } from "../src/method/images/resize-antialiased.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { now } from "./job.ts";
import { writePhotographs } from "./photographs.ts";
import { runSegment, type SegmentRun } from "./segment-process.ts";

/** Random weights of Pascal VOC's classes in a file; the time of a run does not depend on them. */
export async function randomModel(
  folder: string,
  backbone: Config["model"]["backbone"],
): Promise<string> {
  const config = parseConfig({ preset: "voc", set: { "model.backbone": backbone } });
  const classes = vocClasses;
  const network = networkOf(config, classes);
  const out = join(folder, `${backbone}.safetensors`);
  const parameters = network.initialize(1);
  const model = { file: backbone, network, parameters, config, classes, step: 0 };
  await outcomeOf(exportModel(nodeHost, model, { out }), "exported");
  return out;
}

/** Drawn photographs of 500 x 375, `count` files of `different` contents, in a folder. */
export async function photographFolder(
  folder: string,
  count: number,
  different: number,
): Promise<string> {
  await writePhotographs(folder, { different, count, seed: 7 });
  return folder;
}

/** The same pictures in many sizes, upright and across, `count` files. */
export async function mixedFolder(folder: string, from: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const sizes = Array.from({ length: 20 }, (_, i) => [
    160 + ((i * 97) % 340),
    120 + ((i * 61) % 380),
  ]);
  for (const [i, [width, height]] of sizes.entries()) {
    const picture = await readImage(join(from, `photo-${i % 8}.jpg`));
    const file = join(folder, `mixed-${i}.jpg`);
    await writeImage(file, resizeImage(picture, width!, height!), { durable: false });
  }
  for (let i = sizes.length; i < count; i++) {
    await link(join(folder, `mixed-${i % sizes.length}.jpg`), join(folder, `mixed-${i}.jpg`));
  }
  return folder;
}

/** Seconds an image of nothing but session runs: one session on all cores, and one a core side by side. */
export async function bareSessions(
  model: string,
  photograph: string,
  { runs, cores }: { runs: number; cores: number },
): Promise<{ single: number[]; lanes: number[] }> {
  const { network, parameters, config } = await openModel(nodeHost.store, model);
  const input = withLongSide(await readImage(photograph), config.data, config.eval.longSide);
  const { width, height, data } = input;
  const image = { dtype: "float32", shape: [1, 3, height, width], data } as const;
  const pool = new SessionPool({ lanes: cores, threads: 1 });
  const wanted = ["clsLogits", "segLogits"] as const;
  const frozen = { frozen: true };
  const one = new ForwardPass(nodeRuntime({ threads: cores }), network, parameters, wanted, frozen);
  const many = new ForwardPass(pool, network, parameters, wanted, frozen);
  const seconds = { single: [] as number[], lanes: [] as number[] };
  for (let run = -1; run < runs; run++) {
    const began = now();
    for (let i = 0; i < cores; i++) await one.run(image);
    const between = now();
    await Promise.all(Array.from({ length: cores }, () => many.run(image)));
    if (run < 0) continue; // settles memory
    seconds.single.push((between - began) / cores);
    seconds.lanes.push((now() - between) / cores);
  }
  await one.release();
  await pool.close();
  return seconds;
}

/** `tag2mask segment` of a folder into a new one, which is removed again. */
export async function segmentFolder(
  command: string,
  model: string,
  images: string,
  { args = [], memoryAt }: { args?: readonly string[]; memoryAt?: readonly number[] } = {},
): Promise<SegmentRun> {
  const out = `${images}-masks`;
  try {
    return await runSegment({
      command,
      args: ["--model", model, "--out", out, ...args, images],
      ...(memoryAt && { memoryAt }),
    });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
