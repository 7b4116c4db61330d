import { spawn, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "vitest";

export const families = ["openmpi", "mpich"] as const;
export type Family = (typeof families)[number];

/** Why a family cannot be tested here; null if it can. */
function missing(family: Family): string | null {
  const { error, status } = spawnSync(`mpirun.${family}`, ["--version"]);
  return error || status !== 0
    ? `there is no mpirun.${family}: apt-get install openmpi-bin libopenmpi3 mpich`
    : null;
}

/**
 * The families of MPI that are installed here; a missing one is an error where TAG2MASK_REQUIRE_MPI asks for both, and its
 * tests are skipped elsewhere.
 */
export function installedFamilies(): { readonly family: Family; readonly installed: boolean }[] {
  return families.map((family) => {
    const reason = missing(family);
    if (reason !== null) console.warn(`tests are skipped: ${reason}`);
    test.runIf(process.env["TAG2MASK_REQUIRE_MPI"] === "1")(
      `${family} is there, as TAG2MASK_REQUIRE_MPI asks`,
      () => {
        if (reason !== null) throw new Error(reason);
      },
    );
    return { family, installed: reason === null };
  });
}

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
  /** Called with the output so far, and with a function that sends a signal to the launcher. */
  readonly onOutput?: (output: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/**
 * Starts a file of TypeScript in several processes and waits for all of them. All share one core: the bits of results depend on
 * the number of threads.
 * @param args arguments of each process; with several lists, of each of as many groups of `ranks` processes
 */
export function launch(
  family: Family,
  ranks: number,
  file: URL,
  args: readonly string[] | readonly (readonly string[])[],
  { env = {}, onOutput }: LaunchOptions = {},
): Promise<Ended> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const command = [process.execPath, "--import", loader, fileURLToPath(file)];
  const groups = (Array.isArray(args[0]) ? args : [args]) as readonly (readonly string[])[];
  const processes = groups.flatMap((own, i) => [
    ...(i > 0 ? [":"] : []),
    ...["-n", String(ranks), ...command, ...own],
  ]);
  const child = spawn(
    "taskset",
    ["-c", "0", `mpirun.${family}`, ...launcherOptions[family], ...processes],
    {
      env: {
        ...process.env,
        OMPI_ALLOW_RUN_AS_ROOT: "1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
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
