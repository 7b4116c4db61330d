import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { trainModel, type TrainJobEvent } from "../../src/jobs/train.ts";
import { weightsCatalog } from "../../src/files/weights/catalog.ts";
import { encodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { openModel } from "../../src/jobs/open-model.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { Interruption } from "../../src/cli/interrupt.ts";
import { trainingLines } from "../../src/cli/training-lines.ts";
import { Afa } from "../../src/method/model/index.ts";
import { writeMiniCoco, writeMiniVoc } from "../files/datasets/trees.ts";
import { HubServer } from "../hub/server.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";
import { writtenOutput } from "./written-output.ts";

const folder = temporaryFolder();
const repositories = join(folder, "repositories");
let server: HubServer;
let data: string;

/** Puts a file into a repository of the hub. */
function publish(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(join(repositories, path)), { recursive: true });
  writeFileSync(join(repositories, path), content);
}

beforeAll(async () => {
  const network = new Afa({ backbone: "mit_tiny", classes: 4, decoderWidth: 16 });
  const encoder = Object.entries(network.initialize(1)).filter(([name]) =>
    name.startsWith("encoder."),
  );
  const file = Buffer.concat(encodeSafetensors(Object.fromEntries(encoder), {}));
  publish("lab/tiny/pytorch_model.bin", file);
  publish(
    "lab/sharded/model.safetensors.index.json",
    JSON.stringify({ weight_map: { a: "one.safetensors", b: "two.safetensors" } }),
  );
  publish("lab/sharded/one.safetensors", file);
  publish("lab/sharded/two.safetensors", file);
  publish(
    "lab/escape/model.safetensors.index.json",
    JSON.stringify({ weight_map: { a: "../../x" } }),
  );
  publish("smp-hub/mit_b0.imagenet/model.safetensors", file);
  server = await HubServer.start(repositories);
  data = await fewScenes(join(folder, "scenes"));
});
beforeEach(() => {
  vi.stubEnv("HF_ENDPOINT", server.endpoint);
  vi.stubEnv("HF_HOME", join(folder, "home"));
  for (const name of ["HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE"]) vi.stubEnv(name, "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.requests.length = 0;
  rmSync(join(folder, "home"), { recursive: true, force: true });
});
afterAll(() => server.close());

test("a training from a repository says what it uses, records its origin everywhere, and resumes", async () => {
  const run = join(folder, "run");
  const options = [
    "--data",
    data,
    "--out",
    run,
    "--steps",
    "2",
    "--set",
    "train.checkpointEvery=1",
    ...tiny,
  ];
  const { code, stderr } = await tag2mask("train", "--weights", "lab/tiny", ...options);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/fetching lab\/tiny: pytorch_model\.bin \(1\.\d MB\)/);
  expect(stderr).toMatch(/lab\/tiny: uses lab\/tiny: pytorch_model\.bin/);
  const page = `${server.endpoint}/lab/tiny/tree/main`;
  expect(stderr).toContain(`license: see ${page}`);

  const { run: stored } = parse(readFileSync(join(run, "config.yaml"), "utf8")) as {
    run: { weights: string; initialWeights: Record<string, unknown> };
  };
  const commit = server.commitOf("lab/tiny");
  expect(stored.weights).toBe("lab/tiny");
  expect(stored.initialWeights).toMatchObject({
    source: "lab/tiny",
    repository: "lab/tiny",
    commit,
    license: `see ${page}`,
  });
  const [digest] = Object.values(stored.initialWeights["files"] as Record<string, string>);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect((await openModel(nodeHost.store, run)).initialWeights).toEqual(stored.initialWeights);
  expect(readFileSync(join(run, "report.html"), "utf8")).toMatch(
    new RegExp(`First weights[^]*${digest}`),
  );

  const site = join(folder, "site");
  const exported = await tag2mask(
    "export",
    "--model",
    run,
    "--format",
    "transformersjs",
    "--out",
    site,
  );
  expect(exported.code, exported.stderr).toBe(0);
  expect(readFileSync(join(site, "README.md"), "utf8")).toMatch(
    /base_model: lab\/tiny\n---[^]*Trained from the weights lab\/tiny/,
  );
  expect(readFileSync(join(site, "onnx/model.onnx"), "latin1")).toContain('"source":"lab/tiny"');

  // A run that was killed before its first checkpoint reads the same files again.
  rmSync(join(run, "weights"), { recursive: true });
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const resumed = await tag2mask("train", "--resume", run, "--device", "cpu");
  expect(resumed.code, resumed.stderr).toBe(0);
  expect((await openModel(nodeHost.store, run)).initialWeights).toEqual(stored.initialWeights);

  // What is trained from this run inherits the origin.
  const { events } = await untilWeights({
    weights: run,
    backbone: "mit_tiny",
    set: { "model.decoderWidth": 16 },
  });
  expect(events.at(-1)).toMatchObject({ origin: { from: stored.initialWeights } });
});

/** The events of a training until its weights are there; its error if there is one. */
async function untilWeights(job: object): Promise<{ events: TrainJobEvent[]; error?: Error }> {
  const events: TrainJobEvent[] = [];
  const report = { command: "x", versions: {} };
  try {
    for await (const event of trainModel(nodeHost, { data, device: "cpu", report, ...job })) {
      events.push(event);
      if (event.type === "first-weights" || event.type === "device") break;
    }
  } catch (error) {
    return { events, error: error as Error };
  }
  return { events };
}

test("the backbone follows from a name, falls back to another repository, and contradicts what is asked for", async () => {
  const catalog = [
    { ...weightsCatalog.find(({ name }) => name === "mit_b0")!, backbone: "mit_tiny" },
  ];
  const { events, error } = await untilWeights({ weights: "mit_b0", catalog });
  expect(error).toBeUndefined();
  expect(events.at(-1)).toMatchObject({
    origin: {
      source: "mit_b0",
      repository: "smp-hub/mit_b0.imagenet",
      license: catalog[0]!.license,
    },
  });
  server.requests.length = 0;
  const other = await untilWeights({ weights: "mit_b0", backbone: "mit_b2" });
  expect(other.error).toMatchObject({
    message: "mit_b0: is a mit_b0, but the settings say mit_b2",
    code: "weights-mismatch",
  });
  expect(server.requests).toEqual([]);
  const set = await untilWeights({
    weights: "mit_b0",
    catalog,
    set: { "model.backbone": "mit_small" },
  });
  expect(set.error?.message).toMatch(/is a mit_tiny, but the settings say mit_small/);
});

test("a repository that is not there says what was looked for, here and there", async () => {
  const { error } = await untilWeights({ weights: "lab/none" });
  expect(error?.message).toMatch(
    /^lab\/none is no file or folder here; looked for lab\/none: model\.safetensors, .*pytorch_model\.bin.*needs a token \(401\)/,
  );
});

test("an aborted training before its first step keeps what was fetched", async () => {
  server.faults = ({ host }) => (host === "storage" ? { stallAfter: 3000 } : undefined);
  const controller = new AbortController();
  const report = { command: "x", versions: {} };
  const job = { data, device: "cpu", report, weights: "lab/tiny", backbone: "mit_tiny" } as const;
  const types: string[] = [];
  for await (const event of trainModel(nodeHost, job, { signal: controller.signal })) {
    types.push(event.type);
    if (event.type === "download" && event.done === 3000) controller.abort();
  }
  server.faults = () => undefined;
  expect(types.at(-1)).toBe("canceled");
  expect(existsSync(join(folder, "home/hub/models--lab--tiny/blobs"))).toBe(true);
});

test("weights are listed, fetched for later and described", async () => {
  const listed = await tag2mask("weights", "--list");
  expect(listed.stdout).toMatch(/^pvt_v2_b1 +≈ 56\.0 MB +no +timm\/pvt_v2_b1\.in1k$/m);
  expect(listed.stdout).toMatch(/^mit_b0, .*mit_b5: NVIDIA.* research and evaluation only/m);
  expect(server.requests).toEqual([]);
  const absent = await tag2mask("weights", "mit_b0");
  expect(absent.stderr).toContain(
    "mit_b0: is not on this machine; `tag2mask weights --fetch mit_b0` fetches it",
  );

  const fetched = await tag2mask("weights", "--fetch", "mit_b0");
  expect(fetched.code, fetched.stderr).toBe(0);
  expect(fetched.stdout).toMatch(
    /^fetched +.*models--smp-hub--mit_b0\.imagenet.*\nlicense +NVIDIA/,
  );
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const record = JSON.parse(
    (await tag2mask("weights", "--fetch", "mit_b0", "--json")).stdout,
  ) as object;
  expect(record).toMatchObject({
    name: "mit_b0",
    cached: true,
    repository: "smp-hub/mit_b0.imagenet",
  });
  const lines = (await tag2mask("weights", "--list", "--json")).stdout.trim().split("\n");
  const entry = lines.map(
    (line) => JSON.parse(line) as { name: string; path: string | null; exact: boolean },
  );
  expect(entry.find(({ name }) => name === "mit_b0")).toMatchObject({
    exact: true,
    path: expect.stringContaining("smp-hub") as string,
  });
  expect((await tag2mask("weights", "mit_b0")).stdout).toMatch(
    /network: mit_tiny[^]*license: NVIDIA/,
  );
  for (const words of [[], ["mit_b0", "--list"], ["x", "--fetch", "mit_b0"]]) {
    expect((await tag2mask("weights", ...words)).code).toBe(2);
  }
});

test("an index brings all of its files, and none from outside", async () => {
  const fetched = await tag2mask("weights", "--fetch", "lab/sharded", "--json");
  expect(fetched.code, fetched.stderr).toBe(0);
  const { files, path } = JSON.parse(fetched.stdout) as {
    files: Record<string, string>;
    path: string;
  };
  expect(Object.keys(files)).toEqual([
    "model.safetensors.index.json",
    "one.safetensors",
    "two.safetensors",
  ]);
  for (const name of Object.keys(files)) expect(existsSync(join(dirname(path), name))).toBe(true);
  const escaped = await tag2mask("weights", "--fetch", "lab/escape");
  expect(escaped.stderr).toMatch(/not the name of a weights file beside the index/);
});

test("weights without a preset take the one that suits the data, and the backbone of their file", async () => {
  const weights = join(repositories, "lab/tiny/pytorch_model.bin");
  const [voc, coco] = [join(folder, "voc"), join(folder, "coco")];
  await writeMiniVoc(voc);
  await writeMiniCoco(coco, { layout: "json" });
  const chosen = async (job: object) => {
    const { events, error } = await untilWeights({ weights, ...job });
    expect(error).toBeUndefined();
    const event = events.find(({ type }) => type === "preset");
    if (event?.type !== "preset") return undefined;
    const { model, train } = event.settings;
    return [event.preset, model.backbone, train.steps];
  };
  const width = { set: { "model.decoderWidth": 16 } };
  expect(await chosen({ data })).toEqual(["own", "mit_tiny", 1000]);
  expect(await chosen({ data: voc })).toEqual(["voc", "mit_tiny", 20000]);
  expect(await chosen({ data: coco })).toEqual(["coco", "mit_tiny", 80000]);
  expect(await chosen({ data, preset: "small", backbone: "mit_tiny", ...width })).toBeUndefined();
});

test("random weights are only mentioned for images of one's own", async () => {
  const own = join(folder, "own");
  const { writeScenes } = await import("../../src/files/datasets/index.ts");
  await writeScenes(nodeHost, own, { count: 6, valCount: 2, seed: 1, size: 64 });
  for (const name of ["classes.txt", "tags.csv"]) {
    const text = readFileSync(join(own, name), "utf8");
    writeFileSync(join(own, name), text.replaceAll("ball", "cat"));
  }
  const noted = async (images: string): Promise<boolean> =>
    (await untilWeights({ data: images })).events.some(({ type }) => type === "random-weights");
  expect([await noted(own), await noted(data)]).toEqual([true, false]);
});

test("the note on random weights says what to expect and what to give", () => {
  const { output, text } = writtenOutput();
  trainingLines(output)({ type: "random-weights", instead: "pvt_v2_b1" }, new Interruption());
  output.note("begun");
  expect(text()).toMatch(
    /random weights, from which photographs rarely give usable masks .* give --weights pvt_v2_b1/,
  );
});
