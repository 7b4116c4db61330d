import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { UserError } from "../../../user-error.ts";
import { loadOrt, packageFolder } from "./load-ort.ts";
import { describePlatform, thisPlatform } from "./platform.ts";

/** What ONNX Runtime's own script downloads, by platform. */
interface Metadata {
  readonly requirements: Readonly<Record<string, readonly string[]>>;
  readonly manifests: Readonly<Record<string, Readonly<Record<string, { package: string }>>>>;
  readonly packages: Readonly<
    Record<string, { readonly name: string; readonly versions: readonly { version: string }[] }>
  >;
}

/** CUDA as that script calls it. */
const cuda = "cuda12";

/**
 * Downloads ONNX Runtime's CUDA libraries with its own script, for a machine with an NVIDIA GPU and CUDA 12. Throws a UserError
 * where there are none or the download fails. Returns the folder that has them.
 * @param tell takes the script's lines
 */
export async function installCuda(tell: (line: string) => void): Promise<string> {
  const loaded = loadOrt();
  if (loaded.kind === "wasm") {
    throw new UserError(`cuda: needs native code of ONNX Runtime: ${loaded.reason}`);
  }
  return installInto(packageFolder(loaded.from), tell);
}

/** @param folder that of a package with ONNX Runtime's native code */
export async function installInto(folder: string, tell: (line: string) => void): Promise<string> {
  const platform = thisPlatform();
  const key = `${platform.os}/${platform.cpu}`;
  const metadata = metadataOf(folder);
  if (!metadata?.requirements[key]?.includes(cuda)) {
    throw new UserError(
      `cuda: there are no CUDA libraries of ONNX Runtime to install on ${describePlatform(platform)}, only on linux-x64`,
    );
  }
  const manifest = metadata.manifests[`${key}:${cuda}`]!;
  const files = Object.keys(manifest).map((path) => basename(path));
  const to = join(folder, "bin/napi-v6", key);
  const problem = await runScript(join(folder, "script/install.js"), tell);
  const missing = files.filter((file) => !existsSync(join(to, file)));
  if (problem === undefined && missing.length === 0) return to;
  const [source] = Object.values(manifest);
  const { name, versions } = metadata.packages[source!.package]!;
  throw new UserError(
    `cuda: the libraries could not be installed (${problem ?? `no ${missing.join(", ")} afterwards`}); where there is no network, ` +
      `put ${files.join(", ")} of the NuGet package ${name} ${versions[0]!.version} into ${to}`,
  );
}

function metadataOf(folder: string): Metadata | undefined {
  const file = join(folder, "script/install-metadata.js");
  return existsSync(file) ? (createRequire(import.meta.url)(file) as Metadata) : undefined;
}

/** Returns what went wrong. */
async function runScript(
  script: string,
  tell: (line: string) => void,
): Promise<string | undefined> {
  // The variable goes before what .npmrc or the shell may say, such as "skip".
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: cuda };
  const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "pipe"] });
  const errors = text(child.stderr);
  createInterface(child.stdout).on("line", tell);
  const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve(status ?? signal));
  });
  if (code === 0) return undefined;
  // The script ends with an error that nobody caught, and its stack.
  const lines = (await errors).split("\n");
  const error = lines.map((line) => /^\w*Error: (.+)/.exec(line)?.[1]).find(Boolean);
  return error ?? `${basename(script)} ended with ${code}`;
}
