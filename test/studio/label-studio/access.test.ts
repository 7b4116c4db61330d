import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  serveLabelStudio,
  type ServedModel,
} from "../../../src/studio/server/label-studio/serve-label-studio.ts";
import { writeCheckpoint } from "../../jobs/exported-model.ts";
import { startLabelStudio, type LabelStudioServer } from "./label-studio-server.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { generateScene } from "../../../src/method/data/scenes.ts";
import { post, predict, predictBody, setupBody, task } from "./sent-requests.ts";

const root = await mkdtemp(join(tmpdir(), "label-studio-access-"));
const model = join(root, "model.safetensors");
const token = "a-token-that-is-long";
const tell = (): void => undefined;
let studio: LabelStudioServer;
let served: ServedModel;

beforeAll(async () => {
  writeCheckpoint(model);
  const { image } = generateScene({ seed: 1, index: 0, size: 96 });
  const png = await nodeHost.codec.encode(image, "png");
  studio = await startLabelStudio({ "/data/upload/1/a.png": png }, "Token the-key");
  served = await serveLabelStudio({ model, device: "cpu", port: 0, tell });
}, 60_000);
afterAll(async () => {
  await served.close();
  await studio.close();
  await rm(root, { recursive: true, force: true });
});

describe("images on Label Studio's side", () => {
  const upload = "/data/upload/1/a.png";
  const problemOf = async (address: string, project: string): Promise<string> => {
    const [prediction] = await predict(served.url, predictBody([task(1, address)], null, project));
    return prediction!.error ?? "none";
  };

  test("are read with the key that the setup told", async () => {
    expect(await problemOf(upload, "2.1")).toContain("not known yet");
    await post(served.url, "/setup", setupBody(studio.url, "the-key", "2.1"));
    expect(await problemOf(upload, "2.1")).toBe("none");
    expect(await problemOf(`${studio.url}${upload}`, "2.1")).toBe("none");
    await post(served.url, "/setup", setupBody(studio.url, "another-key", "2.1"));
    expect(await problemOf(upload, "2.1")).toContain("refuses its access token (401)");
  });

  test("are not read from other hosts, nor where Label Studio redirects to one", async () => {
    const other = await startLabelStudio({}, "");
    try {
      await post(served.url, "/setup", setupBody(studio.url, "the-key", "3.1"));
      const redirect = (to: string) => (_: unknown, response: ServerResponse) =>
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
    await post(served.url, "/setup", setupBody(studio.url, "the-key", "4.1"));
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

test("tasks that nobody waits for any more are not looked at", async () => {
  await post(served.url, "/setup", setupBody(studio.url, "the-key", "5.1"));
  const begun = new Promise<void>((resolve) => {
    studio.answers.set("/data/upload/5/hangs.png", () => resolve());
  });
  const tasks = Array.from({ length: 50 }, (_, i) => task(i, "/data/upload/5/hangs.png"));
  const controller = new AbortController();
  const asked = fetch(`${served.url}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(predictBody(tasks, null, "5.1")),
    signal: controller.signal,
  });
  asked.catch(() => undefined);
  await begun;
  controller.abort();
  await expect(asked).rejects.toThrow();
  // Those that hung have given their turns back.
  const [next] = await predict(served.url, predictBody([task(1, "/data/upload/1/a.png")], null, "5.1")); // prettier-ignore
  expect(next!.error).toBeUndefined();
  expect(studio.seen.filter((line) => line.includes("hangs")).length).toBeLessThan(10);
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
      await post(own.url, "/setup", setupBody("http://169.254.169.254", "stolen"));
      const address = "/data/upload/9/b.png";
      const results = await predict(own.url, predictBody([task(1, address), task(2, address)]));
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
    expect((await post(served.url, "/train", {})).status).toBe(404);
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
    [{ site: { key: "aa.bb.cc" } }, "LABEL_STUDIO_API_KEY: needs LABEL_STUDIO_URL"],
    [{ data: join(root, "nowhere") }, "cannot be read"],
    [{ model: join(root, "nowhere") }, "nowhere"],
  ])("%j is refused at the start", async (options, reason) => {
    const start = serveLabelStudio({ model, device: "cpu", port: 0, tell, ...options });
    await expect(start).rejects.toThrow(reason);
  });
});
