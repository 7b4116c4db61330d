import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { importsOf } from "./imports.ts";
import { type Manifest, builtFiles, pinned, readManifest, root } from "./sources.ts";

/** What users of tag2mask-web import, and the workers that it starts by their address. */
export const webEntries = ["web", "core", "host/web/workers/entry"] as const;

const texts = ["LICENSE", "CHANGELOG.md", "docs/web.md"];

/**
 * Writes into a folder what users of tag2mask-web install: the built files that a page can reach, and a package.json that asks for
 * the packages that these import and no others.
 */
export async function writeWebPackage(folder: string): Promise<Manifest> {
  const built = new Set(await builtFiles());
  const entries = webEntries.flatMap((entry) => [`dist/${entry}.js`, `dist/${entry}.d.ts`]);
  const { files, packages } = await importsOf(
    root,
    entries.filter((entry) => built.has(entry)),
  );
  const missing = files.filter((file) => !built.has(file));
  if (missing.length > 0)
    throw new Error(`pack: tag2mask-web needs ${missing.join(", ")}, which are not published`);
  for (const path of [...files, ...texts]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(join(root, path), join(folder, path));
  }
  const manifest = webManifest(readManifest(root), pinned(...packages));
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(folder, "README.md"), readme(manifest));
  return manifest;
}

/** The package.json of tag2mask-web, made from the repository's. @param dependencies packages and their exact versions */
export function webManifest(
  { version, license }: Manifest,
  dependencies: Readonly<Record<string, string>>,
): Manifest {
  const entry = (name: string) => ({
    types: `./dist/${name}.d.ts`,
    default: `./dist/${name}.js`,
  });
  return {
    name: "tag2mask-web",
    version,
    description: "tag2mask in a browser: image tags in, pixel masks out, on onnxruntime-web",
    license,
    type: "module",
    exports: { ".": entry("web"), "./core": entry("core") },
    files: ["dist", ...texts],
    dependencies,
  };
}

function readme({ name, description }: Manifest): string {
  return [
    `# ${name}\n`,
    `${String(description)}. Images never leave the page.\n`,
    "```\nnpm install tag2mask-web\n```\n",
    "[docs/web.md](docs/web.md) has examples, and what a page, its server and its bundler need. The package has the files that",
    "`tag2mask/web` of [tag2mask](https://www.npmjs.com/package/tag2mask) has, without anything for Node.\n",
  ].join("\n");
}
