import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

export const families = ["openmpi", "mpich"] as const;
export type Family = (typeof families)[number];

const launcherOptions: Readonly<Record<Family, readonly string[]>> = {
  openmpi: ["--oversubscribe", "--bind-to", "none"],
  mpich: [],
};

export interface Ended {
  /** Exit code of the launcher. */
  readonly code: number | null;
  readonly output: string;
}

export interface LaunchOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Whether all share one core, so that every process computes in one thread: bits depend on their number. True by default. */
  readonly oneCore?: boolean;
  /** Called with the output so far, and with a function that sends a signal to the launcher. */
  readonly onOutput?: (output: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/**
 * Starts a file of TypeScript in several processes and waits for all of them.
 * @param args arguments of each process; with several lists, of each of as many groups of `ranks` processes
 */
export function launch(
  family: Family,
  ranks: number,
  file: URL,
  args: readonly string[] | readonly (readonly string[])[],
  { env = {}, oneCore = true, onOutput }: LaunchOptions = {},
): Promise<Ended> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const command = [process.execPath, "--import", loader, fileURLToPath(file)];
  const groups = (Array.isArray(args[0]) ? args : [args]) as readonly (readonly string[])[];
  const processes = groups.flatMap((own, i) => [
    ...(i > 0 ? [":"] : []),
    ...["-n", String(ranks), ...command, ...own],
  ]);
  const [program, ...rest] = [
    ...(oneCore ? ["taskset", "-c", "0"] : []),
    ...[`mpirun.${family}`, ...launcherOptions[family], ...processes],
  ] as [string, ...string[]];
  const child = spawn(program, rest, {
    env: {
      ...process.env,
      OMPI_ALLOW_RUN_AS_ROOT: "1",
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => {
      output += text.toString();
      onOutput?.(output, (signal) => child.kill(signal));
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
