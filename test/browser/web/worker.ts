import {
  exportModelBlobs,
  folderZip,
  generateScene,
  label,
  openDataset,
  openModel,
  parseConfig,
  RunDirectory,
  sceneClasses,
  Segmenter,
  train,
  webHost,
} from "../../../src/web.ts";
import { answerTasks } from "../answer-tasks.ts";
import { toBase64 } from "./base64.ts";

const host = webHost({ ortFiles: "/ort", threads: 1 });
const { store, codec } = host;

const fetched = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(path)).arrayBuffer());
const blobText = async (blob: Blob): Promise<string> =>
  toBase64(new Uint8Array(await blob.arrayBuffer()));

/** A data set of scenes in memory, as a dropped folder would be. */
async function scenes(count: number): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const lines = ["file,tags,split"];
  for (let index = 0; index < count; index++) {
    const { image, tags } = generateScene({ seed: 1, index, size: 64 });
    files.set(`images/${index}.png`, await codec.encode(image, "png"));
    lines.push(
      `${index}.png,${tags.map((tag) => sceneClasses[tag]).join(";")},${index < 2 ? "val" : "train"}`,
    );
  }
  files.set("tags.csv", new TextEncoder().encode(lines.join("\n")));
  files.set("classes.txt", new TextEncoder().encode(sceneClasses.join("\n")));
  return files;
}

const tiny = {
  "model.backbone": "mit_tiny",
  "model.decoderWidth": 8,
  "data.crop": 64,
  "data.batch": 2,
  "train.steps": 3,
  "train.warmupSteps": 0,
  "train.labelWorkers": 0,
  "train.validateEvery": 3,
  "eval.maxImages": 2,
  "eval.longSide": 64,
  "eval.minSide": 64,
};

answerTasks({
  /** Labels of an image by a model, both served at an address. */
  async segment(model: string, image: string, name: string) {
    const bytes = await fetched(model);
    const source = name === "" ? bytes : new File([bytes], name);
    const segmenter = await Segmenter.open(host, source, { device: "cpu" });
    const pixels = await codec.decode({ bytes: await fetched(image), name: image });
    const mask = await segmenter.segment(pixels);
    await segmenter.release();
    return { ...mask, data: toBase64(mask.data) };
  },
  /** Exports a checkpoint and segments with the export. */
  async exported(checkpoint: string, image: string) {
    const model = await openModel(host, await fetched(checkpoint));
    const { files, difference } = await exportModelBlobs(host, model);
    const segmenter = await Segmenter.open(host, files[0]!.blob, { device: "cpu" });
    const pixels = await codec.decode({ bytes: await fetched(image), name: image });
    const { data } = await segmenter.segment(pixels);
    await segmenter.release();
    const left = await store.list("/memory");
    return { names: files.map(({ name }) => name), difference, data: toBase64(data), left };
  },
  /** Trains a tiny network on scenes that are given as files, with loading in workers; closes the run as a closed tab would. */
  async train(workers: number) {
    const data = await openDataset(host, await scenes(8), { training: true });
    const config = parseConfig({ preset: "small", set: { ...tiny, "data.workers": workers } });
    const run = await RunDirectory.create(host, { name: `run-${workers}`, config });
    const losses: number[] = [];
    for await (const event of train(host, { data, config, device: "cpu" })) {
      await run.record(event);
      if (event.type === "step") losses.push(event.losses.total);
    }
    const { path } = run;
    await run.close();
    return { path, losses };
  },
  /** Opens a run again, and labels tagged images with it as a zip of masks. */
  async use(path: string) {
    const { state, run } = await RunDirectory.open(host, path);
    await run.close();
    const folder = host.addFolder("scenes", await scenes(3));
    const events = [];
    const job = { data: folder, model: path, device: "cpu", out: "masks", from: "cam" } as const;
    for await (const event of label(host, job)) events.push(event.type);
    return { step: state?.step, events, zip: await blobText(await folderZip(host, "masks")) };
  },
});
