import { cpSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeScenes } from "../../src/files/datasets/index.ts";
import { maskFormats } from "../../src/files/formats/formats.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { withFaultyFiles } from "../../test/faulty-files.ts";
import { HubServer } from "../../test/hub/server.ts";
import { tag2mask } from "./run-command.ts";
import { buryLocks } from "./tree.ts";
import { finishedIn } from "./reference.ts";

/** A command that writes. */
export interface WritingCommand {
  readonly name: string;
  readonly args: readonly string[];
  /** How it is called to go on where it stopped, if it can. */
  readonly resume?: readonly string[];
  /** Folder that holds all it writes. */
  readonly place: string;
  /** Puts the place into the state that it begins with. */
  readonly prepare: () => void;
  /** The list of what is finished, of a command that keeps masks. */
  readonly journal?: string;
  /** The folder of the checkpoints of a training. */
  readonly checkpoints?: string;
}

export interface Commands {
  readonly commands: readonly WritingCommand[];
  readonly close: () => Promise<void>;
}

const golden = fileURLToPath(new URL("../../test/golden/checkpoints/", import.meta.url));

const set = (settings: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);

const device = ["--device", "cpu"];

/** Settings of a training that takes a fraction of a second: all phases, two validations, two checkpoints. */
const tiny = [
  ...set({ "model.backbone": "mit_tiny", "model.decoderWidth": 16 }),
  ...set({ "data.crop": 64, "data.batch": 2, "data.workers": 0 }),
  ...set({ "train.labelWorkers": 0, "pseudo.radius": 1 }),
  ...set({ "eval.longSide": 64, "eval.minSide": 0 }),
  ...set({ "train.camSteps": 1, "train.affinitySteps": 2 }),
  ...set({ "train.checkpointEvery": 2, "train.validateEvery": 2 }),
  ...device,
];

/** Writes the inputs below a folder, and gives the commands that use them. */
export async function writingCommands(root: string): Promise<Commands> {
  const [scenes, bare, run, masks, hubFolder, place] = [
    ...["scenes", "bare", "run", "masks", "hub", "place"],
  ].map((name) => join(root, name)) as [string, string, string, string, string, string];
  const out = join(place, "out");
  const images = join(scenes, "images");
  await writeScenes(nodeHost, scenes, { count: 6, valCount: 2, seed: 1, size: 64 });
  // The same without truth.
  cpSync(scenes, bare, { recursive: true });
  rmSync(join(bare, "masks"), { recursive: true });
  const training = ["train", "--data", scenes, "--steps", "4", ...tiny];
  await mustRun([...training, "--out", run]);
  const modelOf = ["--model", run, ...device];
  await mustRun(["segment", images, ...modelOf, "--out", masks, "--no-overlays"]);
  const hub = await startHub(hubFolder);
  Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HOME: place, HF_TOKEN: "" });

  const prepare = (): void => {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
  };
  const atOnce = (name: string, args: readonly string[]): WritingCommand => {
    return { name, args, place, prepare };
  };
  const masksInto = (to: string, name: string, args: readonly string[]): WritingCommand => {
    const all = [...args, "--out", to];
    const isFile = extname(to) !== "";
    const state = isFile
      ? join(dirname(to), `.${basename(to)}.unfinished`)
      : join(to, ".unfinished");
    const journal = join(state, "journal.jsonl");
    return { ...atOnce(name, all), resume: [...all, "--resume"], journal };
  };
  const label = (name: string, ...more: readonly string[]): WritingCommand =>
    masksInto(out, `label ${name}`, ["label", ...modelOf, "--data", scenes, ...more]);
  const convert = (to: string, name: string, ...more: readonly string[]): WritingCommand =>
    masksInto(to, `convert ${name}`, ["convert", masks, "--images", images, ...more]);
  const evaluate = (name: string, ...more: readonly string[]): WritingCommand =>
    masksInto(out, `eval ${name}`, ["eval", ...more]);
  const exportTo = (to: string, name: string, ...more: readonly string[]): WritingCommand =>
    atOnce(`export ${name}`, ["export", "--model", run, "--out", join(place, to), ...more]);
  const train: WritingCommand = {
    ...atOnce("train", [...training, "--out", out]),
    ...{ resume: ["train", "--resume", out], checkpoints: join(out, "weights") },
  };

  const resumable = [
    train,
    label("in all formats", "--from", "affinity", "--format", maskFormats.join()),
    masksInto(join(place, "all.json"), "label into a file", [
      ...["label", ...modelOf, "--data", scenes, "--from", "cam", "--format", "coco"],
    ]),
    convert(out, "to all formats", "--to", maskFormats.join()),
  ];
  const continued: WritingCommand[] = [];
  for (const [i, command] of resumable.entries()) {
    continued.push(await stoppedBefore(command, join(root, `stopped-${i}`)));
  }
  const commands: WritingCommand[] = [
    ...resumable,
    ...continued,
    ...maskFormats.map((format) => label(format, "--from", "cam", "--format", format)),
    label("by the better source", "--no-crf"),
    masksInto(out, "segment", ["segment", images, ...modelOf]),
    ...maskFormats.map((format) => convert(out, `to ${format}`, "--to", format)),
    convert(out, "to VOC's tree", "--to", "voc", "--layout", "voc2012"),
    convert(join(place, "all.zip"), "into a file", "--to", "cvat"),
    evaluate("of a model", ...modelOf, "--data", scenes),
    evaluate("--stages", ...modelOf, "--data", scenes, "--stages"),
    evaluate("without truth", ...modelOf, "--data", bare),
    evaluate("of masks", "--masks", join(masks, "masks"), "--truth", join(scenes, "masks")),
    exportTo("model.onnx", "onnx"),
    exportTo("model.onnx", "float16", "--precision", "float16"),
    exportTo("model.onnx", "int8", "--precision", "int8"),
    exportTo("model.safetensors", "safetensors"),
    exportTo("out", "transformersjs", "--format", "transformersjs"),
    atOnce("weights --out", [
      ...["weights", join(golden, "afa_nested.pth"), "--out", join(place, "some.safetensors")],
      ...["--classes", "a,b,c,d,e"],
    ]),
    atOnce("weights --fetch", ["weights", "--fetch", repository]),
    atOnce("data --tags-out", ["data", scenes, "--tags-out", join(place, "tags.csv")]),
    {
      ...atOnce("demo", ["demo", "--images", "14", "--steps", "2", ...tiny, "--out", out]),
      ...{ checkpoints: join(out, "train/weights") },
    },
  ];
  return { commands, close: () => hub.close() };
}

/** Weights as a repository of the hub holds them. */
const repository = "lab/tiny";

async function startHub(folder: string): Promise<HubServer> {
  mkdirSync(join(folder, repository), { recursive: true });
  const weights = join(golden, "mit_huggingface.safetensors");
  cpSync(weights, join(folder, repository, "model.safetensors"));
  return HubServer.start(folder);
}

/** The continuation of a command that a full disk stopped after two thirds of its operations. */
async function stoppedBefore(command: WritingCommand, folder: string): Promise<WritingCommand> {
  const { name, args, resume, place, prepare } = command;
  const runUntil = (at: number) => {
    prepare();
    const plan = { fault: "ENOSPC", at, lasting: true, within: place } as const;
    return withFaultyFiles(plan, () => tag2mask(args));
  };
  const { operations } = await runUntil(Infinity);
  await runUntil(Math.floor((operations * 2) / 3));
  if (finishedIn(command) === 0) throw new Error(`${name}: stopped before anything was finished`);
  buryLocks(place);
  cpSync(place, folder, { recursive: true });
  return {
    ...{ ...command, name: `${name} --resume`, args: resume! },
    prepare: () => {
      rmSync(place, { recursive: true, force: true });
      cpSync(folder, place, { recursive: true });
    },
  };
}

async function mustRun(args: readonly string[]): Promise<void> {
  const { code, stderr } = await tag2mask(args);
  if (code !== 0) throw new Error(`${args.join(" ")}: ended with ${code}: ${stderr.join("")}`);
}
