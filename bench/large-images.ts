import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { startOrResume, writeData } from "./kill-points/training.ts";

// Peak memory and time of the commands that read an image and masks of 196 megapixels, whose files are small.
const { values } = parseArgs({
  options: {
    side: { type: "string", default: "14000" },
    only: { type: "string" },
    limit: { type: "string", default: "1000" },
  },
});
const side = Number(values.side);
const limit = Number(values.limit);
const cli = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** Tells the kernel's own high-water mark of the process at its end, kilobytes. */
const tellPeak =
  'data:text/javascript,import{writeSync}from"node:fs";' +
  'process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))';

interface Measured {
  readonly megabytes: number;
  readonly seconds: number;
  readonly errors: string;
}

async function measure(args: readonly string[]): Promise<Measured> {
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", tellPeak, "--import", "tsx", cli, ...args], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let [errors, peak] = ["", ""];
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.stdio[3]!.on("data", (chunk: Buffer) => (peak += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0)
    throw new Error(`tag2mask ${args.join(" ")} ended with ${code}: ${errors.trim()}`);
  return { megabytes: (Number(peak) * 1024) / 1e6, seconds, errors };
}

const work = mkdtempSync(join(tmpdir(), "tag2mask-large-"));
try {
  const inside = (...parts: string[]): string => join(work, ...parts);
  await writeData(inside("scenes"));
  await startOrResume(inside("scenes"), inside("run"));

  // A few areas of a class on a background, as masks and as pictures.
  for (const folder of ["images", "masks", "data/images", "data/masks"]) {
    mkdirSync(inside(folder), { recursive: true });
  }
  const flat = (level: number) => ({
    create: {
      width: side,
      height: side,
      channels: 3 as const,
      background: { r: level, g: level, b: level },
    },
    limitInputPixels: false,
  });
  const spot = {
    create: {
      width: side >> 2,
      height: side >> 2,
      channels: 3 as const,
      background: { r: 1, g: 1, b: 1 },
    },
  };
  const spots = [{ input: spot, left: side >> 3, top: side >> 3 }];
  const mask = await sharp(flat(0))
    .composite(spots)
    .removeAlpha()
    .extractChannel(0)
    .png({ compressionLevel: 9 })
    .toBuffer();
  const image = await sharp(flat(90))
    .composite(spots)
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
  const classes = readFileSync(inside("scenes", "classes.txt"));
  for (const folder of ["", "data"]) {
    writeFileSync(inside(folder, "images/big.png"), image);
    writeFileSync(inside(folder, "masks/big.png"), mask);
    writeFileSync(inside(folder, "classes.txt"), classes);
  }
  writeFileSync(inside("masks", "classes.txt"), classes);
  const name = classes.toString().split("\n")[0]!;
  writeFileSync(inside("data/tags.csv"), `file,tags\nbig.png,${name}\n`);
  const size = statSync(inside("images/big.png")).size;
  console.log(
    `${side}x${side}: ${(size / 1000).toFixed(0)} kB as an image, ${(mask.length / 1000).toFixed(0)} kB as a mask`,
  );

  const commands: Record<string, readonly string[]> = {
    "convert to voc": ["convert", inside("masks"), "--to", "voc", "--out", inside("voc")],
    "convert to coco": ["convert", inside("masks"), "--to", "coco", "--out", inside("coco")],
    "eval --masks": [
      "eval",
      "--masks",
      inside("masks"),
      "--truth",
      inside("data/masks"),
      "--classes",
      inside("classes.txt"),
    ],
    data: ["data", inside("data")],
    segment: [
      "segment",
      "--model",
      inside("run"),
      "--device",
      "cpu",
      "--out",
      inside("segmented"),
      inside("images/big.png"),
    ],
    label: [
      "label",
      "--model",
      inside("run"),
      "--device",
      "cpu",
      "--data",
      inside("data"),
      "--out",
      inside("labeled"),
    ],
  };
  let exceeding = 0;
  for (const [command, args] of Object.entries(commands)) {
    if (values.only !== undefined && values.only !== command) continue;
    const { megabytes, seconds, errors } = await measure(args);
    if (megabytes > limit) exceeding++;
    const verdict = megabytes > limit ? ` above ${limit} MB` : "";
    console.log(
      `${command.padEnd(16)}${megabytes.toFixed(0).padStart(6)} MB ${seconds.toFixed(1).padStart(6)} s${verdict}`,
    );
    if (errors.trim() !== "") console.log(errors.trim().replaceAll(/^/gm, "  "));
  }
  process.exitCode = exceeding === 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
