import { mkdir, mkdtemp, readFile, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { decode } from "fast-png";
import { packAll } from "../scripts/pack.ts";
import { nativeName } from "../scripts/pack/native-package.ts";
import { diskUse, packageSizes } from "./install/disk-use.ts";
import { type Outcome, installPacked, run } from "./install/folder.ts";
import { PackedRegistry } from "./install/registry.ts";
import { installWeb } from "./install/web.ts";

// What a user gets: makes the packages, installs tag2mask from a registry on this machine into a fresh folder without install scripts,
// and runs it there; again with the native package hidden, which must give the same masks. Fails if the installation is too large.
// tag2mask-web is installed into another folder, where a worker of a page is bundled.
//
//   --packages    the folder of packages that are already made
//   --web         tag2mask-web alone
//   --platforms   also installs for other systems and shows what that takes
//   --demo        also times the demo of full length, with an empty cache of npm

/** Largest installation, in megabytes on disk. */
const most = 110;
const megabytes = (bytes: number): number => bytes / 1e6;

const { values } = parseArgs({
  options: {
    packages: { type: "string" },
    web: { type: "boolean", default: false },
    platforms: { type: "boolean", default: false },
    demo: { type: "boolean", default: false },
  },
});

const work = await mkdtemp(join(tmpdir(), "tag2mask-install-"));
const app = join(work, "app");
const modules = join(app, "node_modules");

/** The packages in a folder. */
async function packed(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".tgz"));
  return files.map((file) => resolve(folder, file));
}

function expect(what: string, holds: boolean, found: unknown): void {
  if (!holds) throw new Error(`install: not ${what}; found ${JSON.stringify(found)}`);
}

const tag2mask = (...args: readonly string[]): Promise<Outcome> =>
  run(["npx", "--no-install", "tag2mask", ...args], app);

/** What `doctor` says of the runtime. */
async function runtimeFound(): Promise<{ package?: string; wasm?: string }> {
  const { stdout } = await tag2mask("doctor", "--json");
  return (JSON.parse(stdout) as { runtime: { package?: string; wasm?: string } }).runtime;
}

/** The shortest demo and masks of one of its images; returns the mask. */
async function tryOut(name: string): Promise<{ mask: Uint8Array; stderr: string }> {
  const short = ["--images", "40", "--steps", "6", "--device", "cpu", "--set", "data.batch=2"];
  const { seconds, stderr } = await tag2mask("demo", ...short, "--out", name);
  console.log(`${name}: the short demo took ${seconds.toFixed(0)} s`);
  return { mask: await segment(name, name), stderr };
}

/** The mask that the model of a demo gives one image. */
async function segment(model: string, out: string): Promise<Uint8Array> {
  const image = "native/scenes/images/scene-0001.png";
  await tag2mask("segment", "--model", `${model}/train`, "--out", `${out}-masks`, image);
  return decode(await readFile(join(app, `${out}-masks/masks/scene-0001.png`))).data as Uint8Array;
}

async function showSizes(folder: string): Promise<number> {
  const sizes = await packageSizes(folder);
  const total = megabytes(await diskUse(folder));
  for (const [name, bytes] of sizes.filter(([, size]) => size > 1e6))
    console.log(`${megabytes(bytes).toFixed(1).padStart(7)} MB  ${name}`);
  console.log(`${total.toFixed(1).padStart(7)} MB  in all, ${sizes.length} packages`);
  return total;
}

let registry: PackedRegistry | undefined;
try {
  const { packages } = values;
  const tarballs =
    packages === undefined ? await packAll(join(work, "packages")) : await packed(packages);
  const find = (name: string): string => {
    const file = tarballs.find((one) => new RegExp(`^${name}-\\d`).test(basename(one)));
    if (file !== undefined) return file;
    throw new Error(`install: ${packages} has no package of ${name}`);
  };
  const main = find("tag2mask");
  registry = await PackedRegistry.start(tarballs.filter((file) => file !== main));
  await tryWeb(find("tag2mask-web"), registry.url);
  if (!values.web) await tryMain(main, registry.url);
  if (values.platforms) await otherPlatforms(main, registry.url);
  if (values.demo) await wholeDemo(main, registry.url);
} finally {
  await registry?.close();
  await rm(work, { recursive: true });
}

/** Installs tag2mask-web and bundles with it. */
async function tryWeb(tarball: string, url: string): Promise<void> {
  const folder = join(work, "web");
  const { seconds, packages, gzipBytes } = await installWeb(folder, tarball, url);
  console.log(`npm install --ignore-scripts of tag2mask-web: ${seconds.toFixed(0)} s`);
  await showSizes(join(folder, "node_modules"));
  const ofNode = packages.filter((name) =>
    /^(onnxruntime-node|sharp|koffi|@img\/|@tag2mask\/)/.test(name),
  );
  expect("without packages of Node", ofNode.length === 0, ofNode);
  console.log(
    `worker of a page, bundled: ${(gzipBytes / 1000).toFixed(0)} kB of gzip beside the .wasm files\n`,
  );
}

/** Installs tag2mask and runs it, with native code and without. */
async function tryMain(main: string, url: string): Promise<void> {
  const { seconds } = await installPacked(app, main, url);
  console.log(`npm install --ignore-scripts: ${seconds.toFixed(0)} s`);
  const total = await showSizes(modules);
  expect(`at most ${most} MB`, total <= most, total);
  const { platform: os, arch: cpu } = process;
  const own = nativeName({ os, cpu });
  const natives = await readdir(join(modules, "@tag2mask"));
  expect("one native package, the platform's", `@tag2mask/${natives}` === own, natives);

  const native = await runtimeFound();
  expect(`native code from ${own}`, native.package === own, native);
  const first = await tryOut("native");
  expect("a word about WebAssembly", !first.stderr.includes("WebAssembly"), first.stderr);

  await rename(join(modules, own), join(work, "hidden"));
  const wasm = await runtimeFound();
  expect("WebAssembly", wasm.wasm?.startsWith(`neither ${own} nor`) ?? false, wasm);
  const second = await tryOut("wasm");
  const times = second.stderr.split("as WebAssembly").length - 1;
  expect("told once", times === 1, second.stderr);
  const same = await segment("native", "same");
  const differing = same.filter((value, i) => value !== first.mask[i]).length;
  console.log(`of one model's mask, ${differing} of ${same.length} pixels differ in WebAssembly`);
  expect("the same mask of the same model", differing === 0, differing);
  await rename(join(work, "hidden"), join(modules, own));
}

/** Installs for systems that this is not, which nothing here can run. */
async function otherPlatforms(main: string, url: string): Promise<void> {
  const systems = [
    ["linux", "arm64", "glibc"],
    ["linux", "x64", "musl"],
    ["darwin", "arm64"],
    ["darwin", "x64"],
    ["win32", "x64"],
    ["win32", "arm64"],
  ] as const;
  for (const [os, cpu, libc] of systems) {
    const folder = join(work, `${os}-${cpu}-${libc ?? ""}`);
    const options = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])];
    await installPacked(folder, main, url, options);
    console.log(`\n${[os, cpu, libc].filter(Boolean).join(" ")}`);
    await showSizes(join(folder, "node_modules"));
    await rm(folder, { recursive: true });
  }
}

/** From nothing to the report of the demo. */
async function wholeDemo(main: string, url: string): Promise<void> {
  const folder = join(work, "demo");
  const cache = join(work, "cache");
  await mkdir(cache);
  const install = await installPacked(folder, main, url, ["--cache", cache]);
  const demo = await run(["npx", "--no-install", "tag2mask", "demo", "--json"], folder);
  console.log(
    `with an empty cache: npm install ${install.seconds.toFixed(0)} s, tag2mask demo ${demo.seconds.toFixed(0)} s`,
  );
}
