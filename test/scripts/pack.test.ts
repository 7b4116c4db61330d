import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { publishedManifest } from "../../scripts/pack/main-package.ts";
import {
  nativeName,
  nativeTargets,
  writeNativePackage,
} from "../../scripts/pack/native-package.ts";
import { readManifest, root } from "../../scripts/pack/sources.ts";

const work = await mkdtemp(join(tmpdir(), "tag2mask-pack-"));
afterAll(() => rm(work, { recursive: true }));

test("tag2mask looks for a package of every platform that onnxruntime-node has code for", async () => {
  expect((await nativeTargets()).map(nativeName)).toEqual([
    "@tag2mask/ort-darwin-arm64",
    "@tag2mask/ort-linux-arm64",
    "@tag2mask/ort-linux-x64",
    "@tag2mask/ort-win32-arm64",
    "@tag2mask/ort-win32-x64",
  ]);
  expect(() => nativeName({ os: "sunos", cpu: "x64" })).toThrow(/^pack: .* code for sunos-x64/);
});

test("a native package is for its platform alone, runs no script at install and carries the license", async () => {
  const folder = await mkdtemp(join(work, "linux-"));
  const manifest = await writeNativePackage({ os: "linux", cpu: "x64" }, folder);
  expect(readManifest(folder)).toEqual(manifest);
  expect(manifest).toMatchObject({ os: ["linux"], cpu: ["x64"], libc: ["glibc"] });
  expect(manifest).not.toHaveProperty("scripts");
  for (const version of Object.values(manifest.dependencies!)) expect(version).toMatch(/^\d/);
  expect(readFileSync(join(folder, "LICENSE"), "utf8")).toMatch(/^MIT License\n\nCopyright.*Micro/);
  expect(await readdir(join(folder, "bin/napi-v6"))).toEqual(["linux"]);
  // What `doctor --install cuda` runs.
  const script = readFileSync(join(folder, "script/install.js"), "utf8");
  const needed = Array.from(script.matchAll(/require\('(\.\/[^']+)'\)/g), ([, path]) => path!);
  expect(needed.length).toBeGreaterThan(0);
  for (const path of needed) createRequire(join(folder, "script/x.js")).resolve(path);
});

test("macOS gets its library under the one name by which it is loaded, and nothing to download", async () => {
  const folder = await mkdtemp(join(work, "darwin-"));
  const manifest = await writeNativePackage({ os: "darwin", cpu: "arm64" }, folder);
  expect(manifest).not.toHaveProperty("libc");
  expect(Object.keys(manifest.dependencies!)).toEqual(["onnxruntime-common"]);
  expect(await readdir(join(folder, "bin/napi-v6/darwin/arm64"))).toEqual([
    "libonnxruntime.1.dylib",
    "onnxruntime_binding.node",
  ]);
});

test("the published tag2mask has the native packages as optional ones, and nothing of the development", () => {
  const manifest = publishedManifest(readManifest(root), { "@tag2mask/ort-linux-x64": "1.30.0" });
  for (const key of ["private", "scripts", "devDependencies", "allowScripts"])
    expect(manifest).not.toHaveProperty(key);
  expect(manifest.dependencies).not.toHaveProperty("onnxruntime-node");
  expect(manifest.dependencies).toHaveProperty("onnxruntime-common");
  expect(manifest.optionalDependencies).toMatchObject({
    koffi: expect.any(String) as string,
    "@tag2mask/ort-linux-x64": "1.30.0",
  });
});
