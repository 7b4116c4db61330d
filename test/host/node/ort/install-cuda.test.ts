import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installInto } from "../../../../src/host/node/ort/install-cuda.ts";
import { UserError } from "../../../../src/user-error.ts";

const key = `${process.platform}/${process.arch}`;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tag2mask-cuda-"));
  await mkdir(join(folder, "script"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A package of ONNX Runtime whose install script is this one. */
async function withScript(script: string, requirements: readonly string[] = ["cuda12"]) {
  const metadata = {
    requirements: { [key]: requirements },
    manifests: { [`${key}:cuda12`]: { "./libcuda.so": { package: "nuget" } } },
    packages: { nuget: { name: "Ort.Gpu", versions: [{ version: "1.30.0" }] } },
  };
  const text = `module.exports = ${JSON.stringify(metadata)};`;
  await writeFile(join(folder, "script/install-metadata.js"), text);
  await writeFile(join(folder, "script/install.js"), script);
}

async function install(): Promise<{ lines: string[]; result: string | UserError }> {
  const lines: string[] = [];
  const result = await installInto(folder, (line) => lines.push(line)).catch((error: unknown) => {
    if (error instanceof UserError) return error;
    throw error;
  });
  return { lines, result };
}

const to = (): string => join(folder, "bin/napi-v6", key);

test("the script's own words are shown, and the folder with the libraries is named", async () => {
  await withScript(`
    const fs = require("node:fs");
    const path = require("node:path");
    console.log("Downloading " + process.env.ONNXRUNTIME_NODE_INSTALL);
    const to = path.join(__dirname, "../bin/napi-v6/${key}");
    fs.mkdirSync(to, { recursive: true });
    fs.writeFileSync(path.join(to, "libcuda.so"), "");`);
  expect(await install()).toEqual({ lines: ["Downloading cuda12"], result: to() });
});

test("without a network the error says why, and what to put where by hand", async () => {
  await withScript(
    `require("node:https").get("https://feed.invalid/index.json").on("error", (error) => Promise.reject(error));`,
  );
  const { result } = await install();
  expect((result as UserError).message).toMatch(
    /^cuda: the libraries could not be installed \(.*feed\.invalid.*\); where there is no network, put libcuda\.so of the NuGet package Ort\.Gpu 1\.30\.0 into /,
  );
  expect((result as UserError).message.endsWith(` into ${to()}`)).toBe(true);
});

test("a script that ends well but leaves no libraries is a failure", async () => {
  await withScript("");
  const { result } = await install();
  expect((result as UserError).message).toContain("(no libcuda.so afterwards)");
});

test("where there are no libraries for the platform, no script is run", async () => {
  await withScript("throw new Error('was run');", []);
  const { result } = await install();
  expect((result as UserError).message).toMatch(
    /^cuda: there are no CUDA libraries of ONNX Runtime to install on .*, only on linux-x64$/,
  );
});
