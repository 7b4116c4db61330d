import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeMainPackage } from "./pack/main-package.ts";
import { nativeName, nativeTargets, writeNativePackage } from "./pack/native-package.ts";
import { type Manifest, packFolder, pinned } from "./pack/sources.ts";
import { writeWebPackage } from "./pack/web-package.ts";

// Makes the packages that are published (docs/install.md): one with ONNX Runtime's native code for each platform, tag2mask-web for
// pages, and tag2mask, which depends on the native ones. They are written in the order in which they must be published.

/** Makes all packages in a folder; returns their .tgz files, that of tag2mask last. */
export async function packAll(out: string): Promise<string[]> {
  await mkdir(out, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), "tag2mask-pack-"));
  try {
    const packed: string[] = [];
    const stage = async (name: string, write: (folder: string) => Promise<Manifest>) => {
      const folder = join(work, name.replace("/", "-"));
      await mkdir(folder);
      await write(folder);
      packed.push(await packFolder(folder, out));
    };
    const targets = await nativeTargets();
    const [version] = Object.values(pinned("onnxruntime-node"));
    const natives = Object.fromEntries(targets.map((target) => [nativeName(target), version!]));
    for (const target of targets)
      await stage(nativeName(target), (folder) => writeNativePackage(target, folder));
    await stage("tag2mask-web", writeWebPackage);
    await stage("tag2mask", (folder) => writeMainPackage(natives, folder));
    return packed;
  } finally {
    await rm(work, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: "string", default: "packages" } } });
  for (const file of await packAll(resolve(values.out))) console.log(file);
}
