import { expect, test } from "vitest";
import { parseConfig } from "../../src/method/config.ts";
import { openDataset } from "../../src/files/datasets/index.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { train } from "../../src/jobs/train-dataset.ts";
import { fewScenes, temporaryFolder } from "../cli/scenes.ts";

const folder = temporaryFolder();

test("an image of which nothing is known is never trained on", async () => {
  const data = await openDataset(nodeHost, await fewScenes(folder));
  const [first, ...others] = data.splits["train"]!;
  const unknown = { ...first!, image: "nowhere.png", tags: [], untagged: true } as const;
  const set = {
    ...{ "model.backbone": "mit_tiny", "train.steps": 1, "data.crop": 64, "data.workers": 0 },
    "data.batch": others.length + 1,
  };
  const events = train(nodeHost, {
    data: { ...data, splits: { train: [unknown, ...others] } },
    config: parseConfig({ preset: "small", set }),
    device: "cpu",
    strict: true, // so that reading it would fail
  });
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  expect(types).toEqual(["start", "step", "thresholds", "checkpoint", "done"]);
});
