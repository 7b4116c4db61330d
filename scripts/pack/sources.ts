import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What packages are made of: this repository and its installed dependencies. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
export const installed = (name: string): string => join(root, "node_modules", name);

/** The parts of a package.json that packing reads or writes. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [other: string]: unknown;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** Exact versions of installed packages. */
export function pinned(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, readManifest(installed(name)).version]));
}

/** The license of ONNX Runtime, whose packages on npm come without its text. */
export const ortLicense = join(root, "scripts/licenses/onnxruntime-web.txt");

/** Runs npm; returns what it prints. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const options = { cwd, maxBuffer: 2 ** 26, shell: process.platform === "win32" };
  return (await promisify(execFile)("npm", [...args], options)).stdout;
}

/** Paths of all files of the repository that its package.json publishes; an error unless they are built. */
export async function builtFiles(): Promise<string[]> {
  if (!existsSync(join(root, "dist/cli/main.js"))) {
    throw new Error("pack: dist/cli/main.js is missing; run `npm run build` first");
  }
  const printed = await npm(["pack", "--dry-run", "--json", "--ignore-scripts"], root);
  const [{ files }] = JSON.parse(printed) as [{ readonly files: readonly { path: string }[] }];
  return files.map(({ path }) => path);
}

/** Makes the .tgz of a folder; returns its path. */
export async function packFolder(folder: string, out: string): Promise<string> {
  const printed = await npm(
    ["pack", "--json", "--ignore-scripts", "--pack-destination", out],
    folder,
  );
  const [packed] = JSON.parse(printed) as [{ readonly filename: string }];
  // Some versions of npm print the name with its scope and others as it is written.
  return join(out, packed.filename.replace("@", "").replace("/", "-"));
}
