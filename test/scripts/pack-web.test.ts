import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { importsOf } from "../../scripts/pack/imports.ts";
import { publishedManifest } from "../../scripts/pack/main-package.ts";
import { pinned, readManifest, root } from "../../scripts/pack/sources.ts";
import { webEntries, webManifest } from "../../scripts/pack/web-package.ts";
import { builtFolder } from "../built.ts";

const work = mkdtempSync(join(tmpdir(), "tag2mask-pack-web-"));
afterAll(() => rmSync(work, { recursive: true }));

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(work, "files-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test("every kind of import is followed, and packages are told by their names alone", async () => {
  const folder = folderOf({
    "web.js": 'import { a } from "./a.js";\nexport * from "./in/b.js";\nimport "./effect.js";',
    "a.js": 'export const a = () => import("@scope/one/deep.js");',
    "in/b.js":
      'export { default } from "../data.json";\nexport const later = import("../late.js");',
    "effect.js": 'import "two";\n// import "not-this";\nconst text = \'import "nor-this"\';',
    "late.js": 'import { a } from "./a.js";\nimport three from "three/sub";',
    "data.json": "{}",
    "web.d.ts": 'export type A = import("./types.js").A;\nimport type { B } from "four";',
    "types.d.ts": "export interface A {}",
    "types.js": 'import "five";',
  });
  expect(await importsOf(folder, ["web.js", "web.d.ts"])).toEqual({
    files: [
      "a.js",
      "data.json",
      "effect.js",
      "in/b.js",
      "late.js",
      "types.d.ts",
      "web.d.ts",
      "web.js",
    ],
    packages: ["@scope/one", "four", "three", "two"],
  });
});

test.each(["node:fs", "fs", "fs/promises"])("an import of %s is refused by name", async (name) => {
  const folder = folderOf({ "web.js": 'import "./a.js";', "a.js": `import "${name}";` });
  const refusal = `pack: a.js imports ${name}, which no browser has`;
  await expect(importsOf(folder, ["web.js"])).rejects.toThrow(refusal);
});

test("tag2mask-web depends on what its files import, in the versions of the repository, and on nothing of Node", async () => {
  const entries = webEntries.map((entry) => `${entry}.js`);
  const { packages } = await importsOf(builtFolder, entries);
  const { dependencies } = webManifest(readManifest(root), pinned(...packages));
  expect(Object.keys(dependencies!)).toEqual([
    "@bufbuild/protobuf",
    "@noble/hashes",
    "client-zip",
    "d3-contour",
    "fast-png",
    "fflate",
    "js-yaml",
    "onnxruntime-web",
    "picocolors",
    "pure-rand",
    "saxes",
    "shell-quote",
    "zod",
  ]);
  const here = readManifest(root);
  const development = here["devDependencies"] as Record<string, string>;
  expect({ ...here.dependencies, ...development }).toMatchObject(dependencies!);
});

test("tag2mask names the onnxruntime-web that its entry for pages takes, and installs none", () => {
  const manifest = publishedManifest(readManifest(root), {});
  expect(manifest["peerDependencies"]).toEqual(pinned("onnxruntime-web"));
  expect(manifest["peerDependenciesMeta"]).toEqual({ "onnxruntime-web": { optional: true } });
  expect(manifest.dependencies).not.toHaveProperty("onnxruntime-web");
});
