import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { decodeBrush } from "../../../src/files/formats/label-studio/brush.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { openSegmenter } from "../../../src/jobs/open-segmenter.ts";
import { generateScene } from "../../../src/method/data/scenes.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";
import {
  serveLabelStudio,
  type ServedModel,
} from "../../../src/studio/server/label-studio/serve-label-studio.ts";
import { classes, writeCheckpoint } from "../../jobs/exported-model.ts";
import { startLabelStudio, type LabelStudioServer } from "./label-studio-server.ts";

const root = await mkdtemp(join(tmpdir(), "label-studio-"));
const data = join(root, "data");
const model = join(root, "model.safetensors");
const token = "a-token-that-is-long";
const { image } = generateScene({ seed: 1, index: 0, size: 96 });
const told: string[] = [];
const tell = (message: string): unknown => told.push(message);
let studio: LabelStudioServer;
let served: ServedModel;

/** The labels of the tests, one in another case, one that is no class; no label for the last class. */
const labels = [...classes.slice(0, -1).map((name, i) => (i === 0 ? name.toUpperCase() : name)), "cat"]; // prettier-ignore
const configuration = `<View>
  <Image name="image" value="$image" zoom="true"/>
  <Choices name="tags" toName="image" choice="multiple">${classes.map((name) => `<Choice value="${name}"/>`).join("")}</Choices>
  <BrushLabels name="brush" toName="image">${labels.map((name) => `<Label value="${name}"/>`).join("")}</BrushLabels>
</View>`;

beforeAll(async () => {
  await mkdir(join(data, "photos"), { recursive: true });
  writeCheckpoint(model);
  const png = await nodeHost.codec.encode(image, "png");
  await writeFile(join(data, "photos/a.png"), png);
  await writeFile(join(data, "text.png"), "no image");
  await writeFile(join(root, "secret.png"), png);
  await symlink(join(root, "secret.png"), join(data, "link.png"));
  studio = await startLabelStudio({ "/data/upload/1/a.png": png }, "Token the-key");
  served = await serveLabelStudio({ model, device: "cpu", data, port: 0, tell });
}, 60_000);
afterAll(async () => {
  await served.close();
  await studio.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(() => void (told.length = 0));

interface Result {
  readonly from_name: string;
  readonly to_name: string;
  readonly type: string;
  readonly original_width: number;
  readonly original_height: number;
  readonly image_rotation: number;
  readonly value: {
    readonly format: string;
    readonly rle: number[];
    readonly brushlabels: string[];
  };
}

interface Prediction {
  readonly model_version: string;
  readonly score: number;
  readonly result: readonly Result[];
  readonly error?: string;
  readonly unknown_tags?: readonly string[];
}

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  url = served.url,
) {
  return fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** A request for predictions as Label Studio sends it. */
const predictBody = (tasks: unknown, context: unknown = null, project = "1.1700000000") => ({
  tasks,
  project,
  label_config: configuration,
  params: { login: "", password: "", context },
});

async function predict(...tasks: unknown[]): Promise<readonly Prediction[]> {
  const response = await post("/predict", predictBody(tasks));
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: Prediction[] }).results;
}

const setupBody = (hostname: string, access_token = "the-key", project = "1.1700000000") => ({
  ...{ project, schema: configuration, hostname, access_token, extra_params: null },
});

const local = (path: string): string => `/data/local-files/?d=${encodeURIComponent(path)}`;
const task = (id: number, address: unknown, more: object = {}) => ({
  ...{ id, data: { image: address, ...more }, meta: {}, annotations: [], predictions: [] },
});

/** The mask that results paint, with the labels of the model. */
function painted(results: readonly Result[]): LabelMap {
  const mask = new Uint8Array(96 * 96);
  for (const { value, original_width, original_height } of results) {
    const label = classes.findIndex((name) => name.toLowerCase() === value.brushlabels[0]!.toLowerCase()) + 1; // prettier-ignore
    const area = decodeBrush(value.rle, original_width, original_height, "");
    for (let i = 0; i < area.length; i++) if (area[i] === 1) mask[i] = label;
  }
  return { width: 96, height: 96, data: mask };
}

/** What the model's own functions say, without the class that has no label. */
async function expected(tags?: readonly number[]) {
  const segmenter = await openSegmenter(nodeHost, model, { device: "cpu" });
  try {
    const mask = tags
      ? await segmenter.label(image, tags, { from: "segmentation" })
      : await segmenter.segment(image);
    const shown = mask.data.map((label) => (label === classes.length ? 0 : label));
    return { data: shown, confidence: mask.confidence };
  } finally {
    await segmenter.release();
  }
}

describe("connecting", () => {
  test("health and versions name the model; its version depends on the weights and how it looks", async () => {
    const health = await fetch(`${served.url}/health`);
    expect(await health.json()).toMatchObject({ status: "UP", model_version: served.version });
    expect(served.version).toMatch(/^tag2mask-model-[0-9a-f]{8}$/);
    const versions = await fetch(`${served.url}/versions`);
    expect(await versions.json()).toEqual({ versions: [served.version] });
    expect((await fetch(`${served.url}/`)).status).toBe(200);
    const other = await serveLabelStudio({ model, device: "cpu", flip: true, port: 0, tell });
    await other.close();
    expect(other.version).not.toBe(served.version);
  });

  test("setup answers with the version, and tells which labels and classes do not match", async () => {
    const response = await post("/setup", setupBody(studio.url));
    expect(await response.json()).toMatchObject({
      model_version: served.version,
      unknown_labels: ["cat"],
      classes_without_label: [classes.at(-1)],
    });
    const text = told.join("\n");
    expect(text).toContain(`the label "${labels[0]}" is taken for the class "${classes[0]}"`);
    expect(text).toContain("the model does not know the labels cat");
    expect(text).toContain(`has no labels for ${classes.at(-1)}`);
  });

  test.each([
    ['<View><Image name="i" value="$image"/></View>', "has no <BrushLabels>"],
    [configuration.replace(/<Label .*\/>/, '<Label value="cat"/>'), "is a class of the model"],
  ])("a project that cannot be served is refused with the reason, %#", async (schema, reason) => {
    const response = await post("/setup", { ...setupBody(studio.url), schema });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toContain(reason);
  });

  test("events of Label Studio are answered, and that they are not used", async () => {
    const response = await post("/webhook", { action: "ANNOTATION_CREATED", project: { id: 1 } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ignored" });
  });
});

describe("predictions", () => {
  test("are the masks of the model as brush labels of the project, with its confidence", async () => {
    const [prediction] = await predict(task(7, local("photos/a.png")));
    const { data: mask, confidence } = await expected();
    expect(new Set(mask).size).toBeGreaterThan(2);
    expect(painted(prediction!.result).data).toEqual(mask);
    expect(prediction).toMatchObject({ model_version: served.version, score: confidence });
    for (const result of prediction!.result) {
      expect(result).toMatchObject({
        ...{ from_name: "brush", to_name: "image", type: "brushlabels", image_rotation: 0 },
        ...{ original_width: 96, original_height: 96, value: { format: "rle" } },
      });
      expect(labels).toContain(result.value.brushlabels[0]);
    }
  });

  test("are limited to the tags of a task, or to the choices of its annotation", async () => {
    const choices = [{ type: "choices", from_name: "tags", to_name: "image", value: { choices: [classes[1]] } }]; // prettier-ignore
    const address = local("photos/a.png");
    const [tagged, chosen] = await predict(task(1, address, { tags: `${classes[1]}, zebra` }), {
      ...task(2, address, { tags: [classes[0]] }),
      annotations: [{ result: choices }],
    });
    const { data: mask, confidence } = await expected([1]);
    expect(painted(tagged!.result).data).toEqual(mask);
    expect(tagged).toMatchObject({ score: confidence, unknown_tags: ["zebra"] });
    expect(chosen!.result.map(({ value }) => value)).toEqual(tagged!.result.map(({ value }) => value)); // prettier-ignore
  });

  test("of a batch fail one by one, and a failed one has no version that Label Studio would keep", async () => {
    const good = task(1, local("photos/a.png"));
    const bad = [
      [task(2, local("photos/none.png")), 'there is no file "photos/none.png"'],
      [task(3, local("../secret.png")), "there is no file"],
      [task(4, local("link.png")), "there is no file"],
      [task(5, local("photos")), "there is no file"],
      [task(6, local("text.png")), "task 6: "],
      [task(7, "s3://bucket/a.png"), "s3: addresses are not read here"],
      [task(8, undefined), "is no address of an image"],
      [task(9, local("photos/a.png"), { tags: ["zebra"] }), 'knows none of "zebra"'],
      [{ id: 10 }, "data: "],
      ["no task", "a task: "],
    ] as const;
    const predictions = await predict(good, ...bad.map(([one]) => one), good);
    expect(predictions).toHaveLength(bad.length + 2);
    for (const one of [predictions.at(0)!, predictions.at(-1)!]) {
      expect(one.error).toBeUndefined();
      expect(one.result.length).toBeGreaterThan(0);
    }
    for (const [i, [, reason]] of bad.entries()) {
      const { error, ...rest } = predictions[i + 1]!;
      expect(error).toContain(reason);
      expect(told.join("\n")).toContain(error);
      expect(rest).toEqual({ model_version: `${served.version} (failed)`, score: 0, result: [] });
    }
  });

  test("are not made of what was painted with an interactive tool, which is said", async () => {
    const context = { result: [{ type: "keypointlabels", value: { x: 1, y: 2 } }] };
    const response = await post("/predict", predictBody([task(1, local("photos/a.png"))], context));
    const { results } = (await response.json()) as { results: Prediction[] };
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ result: [], score: 0 });
    expect(results[0]!.error).toContain("no interactive prompts");
  });

  test("go on after the process that makes them died, and health is answered meanwhile", async () => {
    const before = served.pid!;
    const running = predict(...Array.from({ length: 8 }, (_, i) => task(i, local("photos/a.png"))));
    let isDone = false;
    void running.then(() => (isDone = true));
    expect((await fetch(`${served.url}/health`)).status).toBe(200);
    expect(isDone).toBe(false);
    process.kill(before, "SIGKILL");
    const failed = (await running).flatMap(({ error }) => error ?? []);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]).toContain("ended unexpectedly (SIGKILL)");
    const [again] = await predict(task(1, local("photos/a.png")));
    expect(again!.error).toBeUndefined();
    expect(served.pid).not.toBe(before);
  }, 30_000);
});

describe("images on Label Studio's side", () => {
  const upload = "/data/upload/1/a.png";
  const problemOf = async (address: string, project: string): Promise<string> => {
    const response = await post("/predict", predictBody([task(1, address)], null, project));
    return ((await response.json()) as { results: Prediction[] }).results[0]!.error ?? "none";
  };

  test("are read with the key that the setup told", async () => {
    expect(await problemOf(upload, "2.1")).toContain("not known yet");
    await post("/setup", setupBody(studio.url, "the-key", "2.1"));
    expect(await problemOf(upload, "2.1")).toBe("none");
    expect(await problemOf(`${studio.url}${upload}`, "2.1")).toBe("none");
    await post("/setup", setupBody(studio.url, "another-key", "2.1"));
    expect(await problemOf(upload, "2.1")).toContain("refuses its access token (401)");
  });

  test("are not read from other hosts, nor where Label Studio redirects to one", async () => {
    const other = await startLabelStudio({}, "");
    try {
      await post("/setup", setupBody(studio.url, "the-key", "3.1"));
      const redirect = (to: string) => (_: unknown, response: import("node:http").ServerResponse) =>
        void response.writeHead(302, { location: to }).end();
      studio.answers.set("/away", redirect(`${other.url}/a.png`));
      studio.answers.set("/here", redirect(upload));
      studio.answers.set("/round", redirect("/round"));
      expect(await problemOf(`${other.url}/a.png`, "3.1")).toContain("another host");
      expect(await problemOf("/away", "3.1")).toContain(`redirects to ${other.url}`);
      expect(await problemOf("/here", "3.1")).toBe("none");
      expect(await problemOf("/round", "3.1")).toContain("redirects more than 3 times");
      expect(other.seen).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test("are refused if they are pages or too large, whatever their length claims", async () => {
    await post("/setup", setupBody(studio.url, "the-key", "4.1"));
    studio.answers.set("/page", (_, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<p>Log in</p>"),
    );
    studio.answers.set("/claims", (_, response) => {
      response.writeHead(200, { "content-length": 1 << 30 });
      response.flushHeaders();
    });
    studio.answers.set("/endless", (_, response) => {
      const piece = Buffer.alloc(1 << 20);
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    expect(await problemOf("/page", "4.1")).toContain("a page in place of an image");
    expect(await problemOf("/claims", "4.1")).toContain("has 1.1 GB");
    expect(await problemOf("/endless", "4.1")).toContain("has more than 67.1 MB");
    expect(await problemOf("/data/upload/1/none.png", "4.1")).toContain("no such file (404)");
  });
});

describe("a personal access token and another address, given at the start", () => {
  test("are used in place of what the setup tells", async () => {
    studio.answers.set("/api/token/refresh/", (request, response) => {
      let body = "";
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => {
        const { refresh } = JSON.parse(body) as { refresh: string };
        response.writeHead(refresh === "aa.bb.cc" ? 200 : 401).end('{"access":"short.lived.one"}');
      });
    });
    studio.answers.set("/data/upload/9/b.png", (request, response) => {
      const isAllowed = request.headers.authorization === "Bearer short.lived.one";
      response.writeHead(isAllowed ? 404 : 403).end();
    });
    const site = { url: studio.url, key: "aa.bb.cc" };
    const own = await serveLabelStudio({ model, device: "cpu", port: 0, site, tell });
    try {
      await post("/setup", setupBody("http://169.254.169.254", "stolen"), {}, own.url);
      const address = "/data/upload/9/b.png";
      const response = await post("/predict", predictBody([task(1, address), task(2, address)]), {}, own.url); // prettier-ignore
      const { results } = (await response.json()) as { results: Prediction[] };
      expect(results.map(({ error }) => error?.includes("(404)"))).toEqual([true, true]);
    } finally {
      await own.close();
    }
  });
});

describe("access", () => {
  /** Sends a request with headers that fetch does not let pass. */
  const statusWith = (headers: Record<string, string>, path = "/health", url = served.url) =>
    new Promise<number>((resolve, reject) => {
      httpRequest(`${url}${path}`, { headers, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      })
        .on("error", reject)
        .end();
    });

  test.each([
    [{ host: "evil.test" }, 403],
    [{ origin: "https://evil.test" }, 403],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "none" }, 200],
    [{}, 200],
  ])("a request with %j is answered with %d", async (headers, status) => {
    expect(await statusWith(headers)).toBe(status);
  });

  test("bodies that are no JSON, not as documented or too large are refused", async () => {
    const send = async (body: string, type = "application/json"): Promise<number> =>
      (await fetch(`${served.url}/predict`, { method: "POST", headers: { "content-type": type }, body })).status; // prettier-ignore
    expect(await send("{}", "text/plain")).toBe(415);
    expect(await send("{")).toBe(400);
    expect(await send("[]")).toBe(400);
    expect(await send(JSON.stringify(predictBody({ id: 1 })))).toBe(400);
    expect(await send(JSON.stringify(predictBody(Array.from({ length: 1001 }, () => 0))))).toBe(
      400,
    );
    expect(await send(`"${"x".repeat(65 << 20)}"`)).toBe(413);
    expect((await post("/train", {})).status).toBe(404);
  });

  test("with a token only those who send it are answered, as a password or as a bearer", async () => {
    const own = await serveLabelStudio({ model, device: "cpu", port: 0, host: "127.0.0.1", token, tell }); // prettier-ignore
    try {
      const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` }); // prettier-ignore
      const status = (headers: Record<string, string>) => statusWith(headers, "/health", own.url);
      expect(await status(basic(`label-studio:${token}`))).toBe(200);
      expect(await status({ authorization: `Bearer ${token}` })).toBe(200);
      expect(await status({ ...basic(`x:${token}`), host: "model.internal:9090" })).toBe(200);
      for (const headers of [
        {},
        basic(`${token}:x`),
        basic(token),
        { authorization: "Bearer x" },
      ]) {
        expect(await status(headers)).toBe(401);
      }
      const asked = await fetch(`${own.url}/health`);
      expect(asked.headers.get("www-authenticate")).toContain("Basic");
    } finally {
      await own.close();
    }
  });

  test.each([
    [{ host: "0.0.0.0" }, "listening there needs a token"],
    [{ host: "0.0.0.0", token: "short" }, "expected at least 16"],
    [{ token: "sixteen letters with spaces" }, "without spaces"],
    [{ site: { url: "localhost:8080" } }, "LABEL_STUDIO_URL"],
    [{ data: join(root, "nowhere") }, "cannot be read"],
    [{ model: join(root, "nowhere") }, "nowhere"],
  ])("%j is refused at the start", async (options, reason) => {
    const start = serveLabelStudio({ model, device: "cpu", port: 0, tell, ...options });
    await expect(start).rejects.toThrow(reason);
  });
});
