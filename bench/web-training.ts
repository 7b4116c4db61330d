import { parseArgs } from "node:util";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import { openWorkerPage } from "../test/browser/worker-page.ts";
import { processUse } from "./web-training/process-use.ts";
import { trainScenes, type SceneResult, type SceneTraining } from "./web-training/train-scenes.ts";

// Trains the same network on the same scenes in Node and in a worker of Chromium, on WebAssembly, and compares the mean IoU of
// the masks. Ends with 1 if they are more than 0.05 points apart.
const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "160" },
    seed: { type: "string", default: "0" },
    images: { type: "string", default: "64" },
    validation: { type: "string", default: "24" },
  },
});
const largest = 0.05;
const training: SceneTraining = {
  steps: Number(values.steps),
  seed: Number(values.seed),
  images: Number(values.images),
  validation: Number(values.validation),
};

function tell(where: string, result: SceneResult, cpu: number, memory: number): void {
  const { meanIou, seconds, stepSeconds } = result;
  const figures = [
    `mIoU ${meanIou.toFixed(3)} %`,
    `${seconds.toFixed(1)} s, of which ${stepSeconds.toFixed(1)} s for ${training.steps} steps`,
    `${cpu.toFixed(1)} s of processor time`,
    `${(memory / 1e6).toFixed(0)} MB at most`,
  ];
  console.log(`${where}: ${figures.join(", ")}`);
}

const before = process.cpuUsage();
const node = await trainScenes(nodeRuntime(), training, () => performance.now() / 1000);
const { user, system } = process.cpuUsage(before);
tell("Node", node, (user + system) / 1e6, process.resourceUsage().maxRSS * 1024);

const page = await openWorkerPage(new URL("./web-training/worker.ts", import.meta.url));
try {
  const threads = (await page.ask("training", "threads")) as string;
  const web = (await page.ask("training", "train", training)) as SceneResult;
  // Before the browser ends, and its processes with it.
  const { seconds, largestBytes } = processUse(process.pid);
  tell(`Chromium, ${threads}`, web, seconds, largestBytes);
  const steps = web.losses.map((loss, i) => Math.abs(loss / node.losses[i]! - 1));
  const worst = (from: number): string => Math.max(...steps.slice(0, from)).toExponential(1);
  console.log(`losses differ by ${worst(10)} in 10 steps, ${worst(steps.length)} in all`);
  const difference = Math.abs(web.meanIou - node.meanIou);
  const holds = difference <= largest;
  console.log(
    `mIoU differs by ${difference.toFixed(3)} points, ${holds ? "at most" : "more than"} ${largest}`,
  );
  if (!holds) process.exitCode = 1;
} finally {
  await page.close();
}
