import { expect, test } from "vitest";
import { explainFailure } from "../../src/cli/failure.ts";
import { wordRemedies } from "../../src/cli/remedies.ts";
import { UserError, type Remedy } from "../../src/user-error.ts";

test.each<[Remedy, string]>([
  [{ kind: "option", name: "resetHeads" }, "give --reset-heads"],
  [{ kind: "option", name: "out", instead: true }, "give another --out"],
  [{ kind: "option", name: "backbone", value: "mit_b1" }, "give --backbone mit_b1"],
  [
    { kind: "option", name: "out", value: "<folder>", purpose: "writes the predictions" },
    "--out <folder> writes the predictions",
  ],
  [{ kind: "omit", name: "classes" }, "leave --classes out"],
  [{ kind: "setting", key: "train.lr" }, "change it with --set train.lr=…"],
  [{ kind: "setting", key: "data.crop", value: "320" }, "give --set data.crop=320"],
  [
    { kind: "retrain", key: "train.lr", current: 0.1 },
    "start again with a lower --set train.lr (now 0.1)",
  ],
  [
    { kind: "retrain", key: "train.lr", current: 0.1, weights: "last.safetensors" },
    "train on from it with --weights last.safetensors and a lower --set train.lr (now 0.1)",
  ],
  [{ kind: "empty-folder" }, "choose an empty or new folder"],
  [
    { kind: "cuda-libraries" },
    "`tag2mask doctor --install cuda` downloads CUDA's libraries, for a machine with an NVIDIA GPU and CUDA 12",
  ],
  [
    { kind: "job", name: "train", options: { weights: "a.pth", overwrite: true } },
    "run: tag2mask train --weights a.pth --overwrite",
  ],
  [{ kind: "tasks", tasks: [3], of: 16 }, "run task 3 of 16 again, --array=3"],
  [
    { kind: "tasks", tasks: [0, 1, 3, 7, 8, 9], of: 16 },
    "run tasks 0-1, 3 and 7-9 of 16 again, --array=0-1,3,7-9",
  ],
  [
    { kind: "job", name: "data", argument: "photos", purpose: "lists all of them" },
    "`tag2mask data photos` lists all of them",
  ],
])("%j in the words of the command line", (remedy, words) => {
  expect(wordRemedies([remedy])).toBe(words);
});

test("any one of several remedies will do, and they follow the message", () => {
  const error = new UserError("out: already exists", {
    remedies: [
      { kind: "option", name: "out", instead: true },
      { kind: "option", name: "overwrite" },
    ],
  });
  expect(explainFailure(error, { command: "tag2mask eval", debug: false }).text).toBe(
    "tag2mask eval: out: already exists; give another --out, or give --overwrite",
  );
});
