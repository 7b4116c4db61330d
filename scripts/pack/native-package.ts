import { copyFile, cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { nativePackage } from "../../src/host/node/ort/platform.ts";
import { type Manifest, installed, ortLicense, pinned, readManifest } from "./sources.ts";

const source = installed("onnxruntime-node");
const binaries = "bin/napi-v6";

/** A system and processor that onnxruntime-node has code for. */
export interface Target {
  readonly os: string;
  readonly cpu: string;
}

/** All that the installed onnxruntime-node has code for. */
export async function nativeTargets(): Promise<Target[]> {
  const targets: Target[] = [];
  for (const os of (await readdir(join(source, binaries))).sort())
    for (const cpu of (await readdir(join(source, binaries, os))).sort()) targets.push({ os, cpu });
  return targets;
}

/** The name of a target's package, which tag2mask looks for. */
export function nativeName({ os, cpu }: Target): string {
  const name = nativePackage({ os, cpu, musl: false });
  if (name !== undefined) return name;
  throw new Error(
    `pack: onnxruntime-node has code for ${os}-${cpu}, which src/host/node/ort/platform.ts does not name; add it there`,
  );
}

/** Writes into a folder what onnxruntime-node has for one target, so that it can be loaded like onnxruntime-node itself. */
export async function writeNativePackage(target: Target, folder: string): Promise<Manifest> {
  const { os, cpu } = target;
  const from = join(source, binaries, os, cpu);
  const to = join(folder, binaries, os, cpu);
  await mkdir(to, { recursive: true });
  for (const file of await neededFiles(from)) await copyFile(join(from, file), join(to, file));
  await cp(join(source, "dist"), join(folder, "dist"), {
    recursive: true,
    filter: (path) => !path.endsWith(".map"),
  });
  const downloads = hasDownloads(target);
  if (downloads) {
    await mkdir(join(folder, "script"));
    for (const file of await readdir(join(source, "script")))
      if (/^install.*\.js$/.test(file))
        await copyFile(join(source, "script", file), join(folder, "script", file));
  }
  await copyFile(ortLicense, join(folder, "LICENSE"));
  const { version, repository } = readManifest(source);
  const manifest: Manifest = {
    name: nativeName(target),
    version,
    description: `ONNX Runtime for Node, the part of onnxruntime-node for ${os}-${cpu}, without an install script`,
    license: "MIT",
    repository,
    type: "commonjs",
    main: "dist/index.js",
    types: "dist/index.d.ts",
    os: [os],
    cpu: [cpu],
    ...(os === "linux" && { libc: ["glibc"] }),
    dependencies: {
      ...pinned("onnxruntime-common"),
      // Of the script that downloads CUDA's libraries, which runs only when somebody asks for it.
      ...(downloads && pinned("adm-zip", "global-agent")),
    },
  };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeFile(join(folder, "README.md"), readme(manifest));
  return manifest;
}

/** Files of a target but for copies of others: macOS has its library under two names, of which the binding wants one. */
async function neededFiles(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).sort();
  const contents = new Map<string, Buffer>();
  for (const file of files) contents.set(file, await readFile(join(folder, file)));
  const binding = contents.get("onnxruntime_binding.node")!;
  return files.filter((file) => {
    const isCopy = files.some(
      (other) => other !== file && contents.get(other)!.equals(contents.get(file)!),
    );
    return !isCopy || binding.includes(file);
  });
}

/** Whether onnxruntime-node's install script would download anything for a target. */
function hasDownloads({ os, cpu }: Target): boolean {
  const metadata = createRequire(import.meta.url)(join(source, "script/install-metadata.js")) as {
    readonly requirements: Readonly<Record<string, readonly string[]>>;
  };
  return (metadata.requirements[`${os}/${cpu}`] ?? []).length > 0;
}

function readme({ name, version, description }: Manifest): string {
  return [
    `# ${name}\n`,
    `${String(description)}.\n`,
    `Made from onnxruntime-node ${version} for [tag2mask](https://www.npmjs.com/package/tag2mask), with its files unchanged.`,
    "ONNX Runtime is Microsoft's, under the MIT license (LICENSE); the licenses of what it contains are in its",
    `[ThirdPartyNotices.txt](https://github.com/microsoft/onnxruntime/blob/v${version}/ThirdPartyNotices.txt).\n`,
  ].join("\n");
}
