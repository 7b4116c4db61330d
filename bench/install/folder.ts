import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Manifest } from "../../scripts/pack/sources.ts";

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** Runs a program; an error with what it printed if it fails. */
export async function run(
  command: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const env = { ...process.env, ...variables };
  const start = performance.now();
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve(status ?? signal));
  });
  const [stdout, stderr] = await printed;
  if (code !== 0) throw new Error(`${command.join(" ")}: ended with ${code}\n${stdout}\n${stderr}`);
  return { stdout, stderr, seconds: (performance.now() - start) / 1000 };
}

/**
 * A fresh folder of a user, in which a packed tag2mask is installed without any install script.
 * @param registry where packages of the scope @tag2mask come from
 * @param options of `npm install`
 */
export async function installPacked(
  folder: string,
  tarball: string,
  registry: string,
  options: readonly string[] = [],
): Promise<Outcome> {
  await mkdir(folder, { recursive: true });
  const manifest: Manifest = { name: "app", version: "1.0.0", private: true };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(join(folder, ".npmrc"), `@tag2mask:registry=${registry}\n`);
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
  return run(["npm", "install", ...quiet, ...options, tarball], folder);
}
