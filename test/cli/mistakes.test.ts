import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { writeScenes } from "../../src/files/datasets/index.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";
import { nodeHost } from "../../src/host/node/host.ts";

const folder = temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const out = at("out");
const cpu = ["--device", "cpu"];

beforeAll(async () => {
  const data = await fewScenes(at("scenes"));
  const scene = (n: number) => `scene-${String(n).padStart(4, "0")}.png`;
  const copy = (name: string) => cpSync(data, at(name), { recursive: true });
  const cut = (file: string, part: number) => {
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length * part)));
  };
  mkdirSync(at("empty"));
  writeFileSync(at("text.txt"), "hello");
  writeFileSync(at("key.yaml"), "train:\n  lrr: 1\n");
  writeFileSync(at("type.yaml"), "train:\n  lr: fast\n");
  writeFileSync(at("torn.yaml"), "train: [");
  writeFileSync(at("junk.safetensors"), "x".repeat(1000));

  copy("unicorn");
  const tags = readFileSync(at("unicorn", "tags.csv"), "utf8");
  writeFileSync(at("unicorn", "tags.csv"), tags.replace(/(0001\.png,)[^,]*/, "$1unicorn"));
  copy("broken");
  for (const name of readdirSync(at("broken", "images"))) cut(at("broken", "images", name), 0.6);
  copy("sizes");
  await writeScenes(nodeHost, at("other"), { count: 2, valCount: 1, seed: 0, size: 96 });
  cpSync(at("other", "masks", "scene-0001.png"), at("sizes", "masks", scene(3)));
  copy("renamed");
  const classes = readFileSync(at("renamed", "classes.txt"), "utf8");
  const first = classes.split("\n")[0]!;
  for (const file of ["classes.txt", "tags.csv"]) {
    const text = readFileSync(at("renamed", file), "utf8");
    writeFileSync(at("renamed", file), text.replaceAll(first, "zebra"));
  }
  copy("more");
  writeFileSync(at("more", "classes.txt"), `${classes}zebra\n`);
  copy("unmasked");
  rmSync(at("unmasked", "masks"), { recursive: true });

  await tag2mask("train", "--data", data, "--out", at("run"), "--steps", "1", ...tiny);
  cpSync(at("run"), at("torn"), { recursive: true });
  for (const name of readdirSync(at("torn", "weights"))) cut(at("torn", "weights", name), 0.5);
});

test.each<[code: number, message: RegExp, ...args: string[]]>([
  [2, /neither --data <folder> nor --resume <run> is given/, "train"],
  [1, /nowhere: no such folder/, "train", "--data", at("nowhere"), "--out", out],
  [1, /empty: the folder is empty/, "train", "--data", at("empty"), "--out", out],
  [1, /text\.txt: is a file/, "train", "--data", at("text.txt"), "--out", out],
  [1, /tags\.csv:2: unknown tag "unicorn"/, "train", "--data", at("unicorn"), "--out", out],
  [
    ...([1, /none of the 12 training images can be read/, "train"] as const),
    ...["--data", at("broken"), "--out", out, ...tiny],
  ],
  [
    ...([1, /mask is 96x96, but its image .* is 64x64/, "train"] as const),
    ...["--data", at("sizes"), "--out", out],
  ],
  [
    ...([1, /key\.yaml: train\.lrr: no such setting; did you mean train\.lr\?/, "train"] as const),
    ...["--data", at("scenes"), "--config", at("key.yaml"), "--out", out],
  ],
  [
    ...([1, /type\.yaml: train\.lr: expected a number, found "fast"/, "train"] as const),
    ...["--data", at("scenes"), "--config", at("type.yaml"), "--out", out],
  ],
  [
    ...([1, /torn\.yaml:1: not readable as YAML/, "train"] as const),
    ...["--data", at("scenes"), "--config", at("torn.yaml"), "--out", out],
  ],
  [
    ...([1, /setting train\.lrr: no such setting/, "train"] as const),
    ...["--data", at("scenes"), "--set", "train.lrr=1", "--out", out],
  ],
  [2, /Expected key=value, found "train\.lr"/, "train", "--set", "train.lr"],
  [2, /'--steps <n>' argument 'many' is invalid/, "train", "--steps", "many"],
  [2, /did you mean --weights\?/, "train", "--wieghts", "x"],
  [2, /label: unknown option '--modle'; did you mean --model\?$/m, "label", "--modle", "x"],
  [
    2,
    /label: unknown option '--modle'; did you mean --model\?$/m,
    "label",
    "--data=d",
    "--modle=x",
  ],
  [2, /label: required option '--data <path>' not specified/, "label", "--model", "x"],
  [
    ...([
      2,
      /number of steps is fixed .*: leave --steps out .* x, or start a new run with --steps 3;/,
      "train",
    ] as const),
    ...["--resume", "x", "--steps", "3"],
  ],
  [2, /cannot be used with option '--seed <n>'/, "train", "--resume", "x", "--seed", "3"],
  [1, /no such run folder/, "train", "--resume", at("nowhere")],
  [1, /has no config\.yaml/, "train", "--resume", at("empty")],
  [1, /every checkpoint in it is damaged/, "train", "--resume", at("torn")],
  [
    ...([1, /was trained on the classes .*zebra.*; resume with the data set/, "train"] as const),
    ...["--resume", at("run"), "--data", at("renamed")],
  ],
  [
    ...([
      1,
      /linear_pred\.weight is float32 \[5,16,1,1\].* needs float32 \[6,16,1,1\]/,
      "train",
    ] as const),
    ...["--data", at("more"), "--weights", at("run", "weights", "last.safetensors"), "--out", out],
    ...[...tiny, "--preset", "small"],
  ],
  [
    ...([1, /junk\.safetensors: its header claims/, "train"] as const),
    ...["--data", at("scenes"), "--weights", at("junk.safetensors"), "--out", out],
  ],
  [
    1,
    /run: has \d+ files or folders already/,
    "train",
    "--data",
    at("scenes"),
    "--out",
    at("run"),
    ...cpu,
  ],
  [
    ...([1, /the folder cannot be created/, "train", "--data", at("scenes")] as const),
    ...["--out", at("text.txt", "inside")],
  ],
  [1, /nowhere: no such/, "eval", "--model", at("nowhere"), "--data", at("scenes")],
  [
    1,
    /torn.*safetensors: .*(cut short|damaged)/,
    "eval",
    "--model",
    at("torn"),
    "--data",
    at("scenes"),
  ],
  [
    1,
    /no images in the split "test"/,
    "eval",
    "--model",
    at("run"),
    "--data",
    at("scenes"),
    "--split",
    "test",
  ],
  [1, /must agree/, "eval", "--model", at("run"), "--data", at("renamed")],
  [1, /has a mask to measure against/, "eval", "--model", at("run"), "--data", at("unmasked")],
  [1, /nowhere: no such folder/, "eval", "--model", at("run"), "--data", at("nowhere")],
  [2, /'--data <folder>' not specified/, "eval", "--model", at("run")],
  [1, /no such image or folder/, "segment", "--model", at("run"), "--out", out, at("nope.jpg")],
  [
    1,
    /not a readable image/,
    "segment",
    "--model",
    at("run"),
    "--out",
    out,
    at("text.txt"),
    ...cpu,
  ],
  [1, /no images in this folder/, "segment", "--model", at("run"), "--out", out, at("empty")],
  [
    ...([1, /choose an empty or new folder/, "segment", "--model", at("run")] as const),
    ...["--out", at("scenes"), at("scenes", "images")],
  ],
  [
    2,
    /Expected positive numbers/,
    "segment",
    "--model",
    at("run"),
    "--out",
    out,
    "--scales",
    "1,x",
    "y",
  ],
  [
    1,
    /images of "zebra", which .* was not trained on/,
    "label",
    "--model",
    at("run"),
    "--data",
    at("renamed"),
    "--out",
    out,
  ],
  [1, /not ready for training/, "data", at("unicorn")],
  [1, /choose an empty or new folder/, "demo", "--out", at("scenes"), ...cpu],
])("exit %i with %s", async (code, message, ...args) => {
  const before = readdirSync(folder).sort();
  // Looking for a GPU takes a second.
  const device = ["train", "eval", "segment", "label"].includes(args[0]!) ? cpu : [];
  const result = await tag2mask(...args, ...device);
  const lines = result.stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !line.startsWith("left out"));
  expect(lines.at(-1)).toMatch(message);
  expect(lines.at(-1)).toMatch(/^tag2mask/);
  expect(result.code).toBe(code);
  expect(result.stderr).not.toMatch(/\n\s+at |TAG2MASK_DEBUG/);
  expect(readdirSync(folder).sort()).toEqual(before);
  expect(existsSync(out)).toBe(false);
});
