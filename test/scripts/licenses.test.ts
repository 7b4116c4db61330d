import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, expect, test, vi } from "vitest";
import { licensesText } from "../../scripts/licenses/bundled-licenses.ts";
import { readManifest, root } from "../../scripts/pack/sources.ts";

const work = mkdtempSync(join(tmpdir(), "tag2mask-licenses-"));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(work, { recursive: true });
});

test.each([
  [
    "vite.web.config.ts",
    [
      ...["@bufbuild/protobuf", "@noble/hashes", "client-zip", "d3-array"],
      ...[
        "d3-contour",
        "fast-png",
        "fflate",
        "iobuffer",
        "js-yaml",
        "onnxruntime-web",
        "preact",
        "pure-rand",
      ],
      ...["saxes", "shell-quote", "tag2mask", "xmlchars", "zod"],
    ],
  ],
  ["vite.page.config.ts", ["d3-array", "react", "react-dom", "scheduler", "tag2mask"]],
])(
  "the page of %s has the licenses of the packages in it, its workers included",
  async (config, packages) => {
    const outDir = join(work, config);
    // Of tests it is another one, for which React is built with its warnings.
    vi.stubEnv("NODE_ENV", "production");
    await build({ configFile: join(root, config), logLevel: "error", build: { outDir } });
    const text = readFileSync(join(outDir, "licenses.txt"), "utf8");
    const heads = [...text.matchAll(/(?:^|={80}\n\n)(\S+) (\S+) \((.+)\)\n\n/g)];
    expect(heads.map(([, name]) => name).sort()).toEqual(packages);
    for (const [, name, version] of heads) {
      const folder = name === "tag2mask" ? root : join(root, "node_modules", name!);
      expect(version).toBe(readManifest(folder).version);
    }
    for (const part of text.split(`\n${"=".repeat(80)}\n\n`)) expect(part).toMatch(/copyright/i);
  },
  120_000,
);

test("a package without the text of its license is an error that names it", () => {
  const folder = join(work, "bare");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{"name":"bare","version":"1.2.3","license":"MIT"}');
  expect(() => licensesText([folder])).toThrow(
    /bare 1\.2\.3 .*text of its license.*scripts\/licenses/,
  );
  writeFileSync(join(folder, "LICENCE.md"), "Do what you like.\n");
  writeFileSync(join(folder, "NOTICE"), "By someone.");
  expect(licensesText([folder])).toBe("bare 1.2.3 (MIT)\n\nDo what you like.\n\nBy someone.\n");
});
