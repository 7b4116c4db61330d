import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { runCommand } from "./run-command.ts";

export interface Case {
  readonly name: string;
  /** Arguments of tag2mask, one list for each command, run one after the other. */
  readonly commands: readonly (readonly string[])[];
  /** On a pseudo-terminal instead of pipes. */
  readonly terminal?: boolean;
  /** Ctrl-C in the first command, once its output matches. */
  readonly interrupt?: RegExp;
}

const fixtures = fileURLToPath(new URL("../../test/fixtures/0.1.0/", import.meta.url));

/** Makes the folder that each case starts with a copy of: the fixtures of 0.1.0, and spoiled copies. */
export async function prepareSet(folder: string, command: readonly string[]): Promise<void> {
  cpSync(fixtures, folder, {
    recursive: true,
    filter: (path) => !/\.(md|sh|mjs)$|expected/.test(relative(fixtures, path)),
  });
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".gz")) continue;
    const file = join(folder, path);
    writeFileSync(file.slice(0, -3), gunzipSync(readFileSync(file)));
  }
  const at = (...parts: string[]): string => join(folder, ...parts);
  const spoil = (file: string, change: (bytes: Buffer) => string | Buffer): void =>
    writeFileSync(file, change(readFileSync(file)));
  const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);
  for (const copy of ["broken-image", "bad-line", "more-classes"]) {
    cpSync(at("data"), at(copy), { recursive: true });
  }
  spoil(at("broken-image/images/scene-0011.png"), half);
  spoil(at("bad-line/tags.csv"), (text) => text.toString().replace(/^(scene-0002\.png).*/m, "$1"));
  spoil(at("more-classes/classes.txt"), (text) => `${text.toString()}zebra\n`);
  cpSync(at("run/weights/best.safetensors"), at("truncated.safetensors"));
  spoil(at("truncated.safetensors"), half);
  writeFileSync(at("text.txt"), "hello\n");
  mkdirSync(at("empty"));
  const { code, stderr } = await runCommand([...command, "data", "data"], folder, {
    terminal: false,
  });
  if (code !== 0) throw new Error(`the set is not understood: ${stderr}`);
}

const images = ["data/images/scene-0011.png", "data/images/scene-0012.png"];
const cpu = ["--device", "cpu"];
const tiny = [
  ...["--set", "model.backbone=mit_tiny", "--set", "model.decoderWidth=8"],
  ...["--set", "data.crop=64", "--set", "data.batch=2", "--set", "data.workers=0"],
  ...["--set", "pseudo.radius=1", "--set", "train.labelWorkers=0", ...cpu],
];
const train = ["train", "--data", "data", "--out", "trained", "--steps", "6", ...tiny];
const long = ["train", "--data", "data", "--out", "trained", "--steps", "40", ...tiny];

const commands: Readonly<Record<string, readonly string[]>> = {
  demo: ["demo", "--images", "14", "--steps", "3", "--out", "tour", ...tiny],
  data: ["data", "data"],
  train,
  resume: ["train", "--resume", "run", "--data", "data"],
  label: ["label", "--model", "run", "--data", "data", "--split", "val", "--out", "out", ...cpu],
  segment: ["segment", "--model", "run", "--out", "out", ...images, ...cpu],
  eval: ["eval", "--model", "run", "--data", "data", "--out", "out", ...cpu],
  convert: ["convert", "masks/voc", "--to", "coco,yolo", "--images", "data/images", "--out", "out"],
  weights: ["weights", "run", "--out", "out.safetensors"],
  export: ["export", "--model", "run", "--out", "out.onnx"],
  doctor: ["doctor"],
};

const variants: Readonly<Record<string, readonly string[]>> = {
  "demo-seeds": ["demo", "--images", "14", "--steps", "2", "--seeds", "1,2", "--out", "t", ...tiny],
  "train-settings": ["train", "--settings"],
  "train-weights": [...train, "--weights", "run/weights/best.safetensors", "--preset", "small"],
  "segment-options": [...commands["segment"]!, "--flip", "--scales", "0.5,1", "--crf"],
  "segment-onnx": ["segment", "--model", "scenes.onnx", "--out", "out", ...images, ...cpu],
  "segment-formats": [...commands["segment"]!, "--format", "coco,labelstudio,cvat,ultralytics"],
  "eval-stages": ["eval", "--model", "run", "--data", "data", "--stages", ...cpu],
  "eval-masks": ["eval", "--masks", "masks/voc", "--truth", "data/masks", "--out", "out"],
  "export-int8": ["export", "--model", "run", "--precision", "int8", "--out", "out.onnx"],
  "export-web": ["export", "--model", "run", "--format", "transformersjs", "--out", "out"],
  "data-tags": ["data", "data", "--no-decode", "--tags-out", "out.csv"],
  ...Object.fromEntries(
    ["coco", "labelstudio", "cvat", "yolo", "ultralytics"].map((format) => [
      `convert-${format}`,
      ["convert", `masks/${format}`, "--to", "voc", "--out", "out"],
    ]),
  ),
};

const mistakes: Readonly<Record<string, readonly string[]>> = {
  "missing-folder": ["train", "--data", "nowhere", "--out", "out"],
  "empty-folder": ["train", "--data", "empty", "--out", "out"],
  "broken-image": ["segment", "--model", "run", "--out", "out", "broken-image/images", ...cpu],
  "broken-image-data": ["data", "broken-image"],
  "broken-image-strict": [
    ...["label", "--model", "run", "--data", "broken-image", "--split", "val", "--strict"],
    ...["--out", "out", ...cpu],
  ],
  "bad-csv-line": ["data", "bad-line"],
  "unknown-command": ["trian"],
  "unknown-option": ["train", "--wieghts", "x"],
  "unknown-setting": ["train", "--data", "data", "--set", "train.lrr=1", "--out", "out"],
  "missing-option": ["segment", "--out", "out", ...images],
  "truncated-weights": ["weights", "truncated.safetensors"],
  "truncated-model": ["segment", "--model", "truncated.safetensors", "--out", "out", ...images],
  "wrong-file-type": ["segment", "--model", "run", "--out", "out", "text.txt", ...cpu],
  "wrong-model-type": ["segment", "--model", "text.txt", "--out", "out", ...images],
  "unknown-format": ["convert", "masks/voc", "--to", "tiff", "--out", "out"],
  "other-classes": ["eval", "--model", "run", "--data", "more-classes", ...cpu],
  "other-classes-resume": ["train", "--resume", "run", "--data", "more-classes"],
  "unwritable-out": ["segment", "--model", "run", "--out", "text.txt/out", ...images, ...cpu],
  "full-out": ["segment", "--model", "run", "--out", "data", ...images, ...cpu],
  "absent-device": ["segment", "--model", "run", "--out", "out", ...images, "--device", "coreml"],
};

const stepsPassed = /"step":4,|step 2\d\/40/;

function named(kind: string, all: Readonly<Record<string, readonly string[]>>): Case[] {
  return Object.entries(all).map(([name, args]) => ({ name: `${kind}-${name}`, commands: [args] }));
}

/** Every command in every way it is called, and ways to call it wrongly. */
export const cases: readonly Case[] = [
  { name: "help", commands: [["--help"], ...Object.keys(commands).filter((name) => name !== "resume").map((name) => [name, "--help"])] }, // prettier-ignore
  ...named("pipe", { ...commands, ...variants }),
  ...named("terminal", commands).map((one) => ({ ...one, terminal: true })),
  ...Object.entries({ ...commands, ...variants }).map(([name, args]) => ({
    name: `json-${name}`,
    commands: [[...args, "--json"]],
  })),
  ...named("mistake", mistakes),
  ...["missing-folder", "unknown-option", "broken-image"].map((name) => ({
    name: `mistake-json-${name}`,
    commands: [[...mistakes[name]!, "--json"]],
  })),
  ...["missing-folder", "unknown-option"].map((name) => ({
    name: `mistake-terminal-${name}`,
    commands: [mistakes[name]!],
    terminal: true,
  })),
  { name: "interrupt-json", commands: [[...long, "--json"], ["train", "--resume", "trained"]], interrupt: stepsPassed }, // prettier-ignore
  { name: "interrupt-pipe", commands: [long, ["train", "--resume", "trained"]], interrupt: /^step 1\/40/m }, // prettier-ignore
  { name: "interrupt-terminal", commands: [long, ["train", "--resume", "trained"]], interrupt: stepsPassed, terminal: true }, // prettier-ignore
];
