import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sceneClasses } from "../src/method/data/scenes.ts";
import { HubServer } from "../test/hub/server.ts";
import { publishWeights } from "./photos-guide/hub.ts";
import { commandsOf, pathsOf } from "./photos-guide/page.ts";
import {
  drawPhotographs,
  writeImages,
  writeTable,
  writeTruth,
} from "./photos-guide/photographs.ts";

// Runs every command of docs/photos.md in its order, on 20 drawn photographs and random weights from a hub on this machine, and
// looks for the files that the page names. What takes a person or hours is replaced; nothing else is changed.

/** Follows every command that begins a training: a few steps on small crops, which teach nothing. */
const shortened =
  " --steps 6 --batch 1 --crop 64 --set train.camSteps=2 --set train.affinitySteps=4 --set train.warmupSteps=0" +
  " --set train.validateEvery=3 --set eval.longSide=96 --set eval.maxSide=96 --set eval.maxImages=2 --device cpu";

/** Commands that .ci/run runs itself. */
const elsewhere = ["npm ci"];

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(root, "docs/photos.md"), "utf8");
const commands = commandsOf(page);
const work = await mkdtemp(join(tmpdir(), "tag2mask-photos-"));
const at = (path: string): string => join(work, path);
const photographs = drawPhotographs(20, 1);

/** A zip file of true masks, as an annotation tool exports it. */
async function exportTruth(file: string, names: (name: string) => boolean): Promise<void> {
  const folder = at(`${file}-masks`);
  await writeTruth(
    folder,
    photographs.filter(({ name }) => names(name)),
  );
  await run(
    `npx tag2mask convert ${folder} --to cvat --classes ${sceneClasses.join(",")} --out ${file}`,
  );
}

/** What a person makes by hand, by the first word of a command that needs it. */
const byHand: Readonly<Record<string, () => Promise<void>>> = {
  photos: async () => {
    await writeImages(at("photos/images"), photographs);
    await writeTable(at("photos/tags.csv"), photographs);
  },
  "true.zip": () =>
    exportTruth("true.zip", (name) =>
      photographs.some((one) => one.name === name && one.split === "val"),
    ),
  "corrected.zip": () =>
    exportTruth("corrected.zip", (name) => existsSync(at(`review/${name}.png`))),
  new: () => writeImages(at("new"), drawPhotographs(2, 2)),
};

/** Runs a command in the working folder as a terminal does; presses Ctrl-C once it prints a text. Returns what it prints. */
function run(command: string, stopAt?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", command], {
      cwd: work,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        HF_ENDPOINT: hub.endpoint,
        HF_HOME: at("home"),
        HF_HUB_CACHE: "",
        HF_TOKEN: "",
      },
    });
    let text = "";
    let isStopped = false;
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      if (stopAt === undefined || isStopped || !text.includes(stopAt)) return;
      isStopped = true;
      process.kill(-child.pid!, "SIGINT");
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", reject);
    child.on("close", (code) => {
      const isRight = stopAt === undefined ? code === 0 : text.includes("stopped after step");
      if (isRight) resolve(text);
      else reject(new Error(`${command}\nended with ${code}:\n${text}`));
    });
  });
}

/** Runs a command of the page after what a person does before it. */
async function follow(command: string): Promise<void> {
  for (const [path, make] of Object.entries(byHand)) {
    const isNamed = command.split(/[\s/]+/).includes(path);
    if (isNamed && !existsSync(at(path))) await make();
  }
  const folder = /tag2mask train .*--out (\S+)/.exec(command)?.[1];
  // A run that the page resumes is stopped before.
  const isResumed = commands.some((one) => one.endsWith(`train --resume ${folder}`));
  await run(
    folder === undefined ? command : command + shortened,
    isResumed ? "step 1/" : undefined,
  );
}

await mkdir(at("node_modules/.bin"), { recursive: true });
const cli = `exec node --import ${join(root, "node_modules/tsx/dist/esm/index.mjs")} ${join(root, "src/cli/main.ts")} "$@"`;
await writeFile(at("node_modules/.bin/tag2mask"), `#!/bin/sh\n${cli}\n`, { mode: 0o755 });
await publishWeights(at("repositories"), "pvt_v2_b1");
const hub = await HubServer.start(at("repositories"));
try {
  for (const command of commands.filter((one) => !elsewhere.includes(one))) {
    const started = performance.now();
    await follow(command);
    console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${command}`);
  }
  const gate = readFileSync(join(root, ".ci/run"), "utf8");
  const untested = elsewhere.filter((command) => !gate.includes(command));
  const missing = pathsOf(page).filter((path) => !existsSync(at(path)));
  const problems = [
    ...untested.map((command) => `.ci/run does not run: ${command}`),
    ...missing.map((path) => `named by docs/photos.md, but not there: ${path}`),
  ];
  for (const problem of problems) console.error(problem);
  console.log(`${commands.length} commands, ${pathsOf(page).length} files and folders`);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await hub.close();
  await rm(work, { recursive: true, force: true });
}
