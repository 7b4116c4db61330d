import type { MpiFamily } from "./abi.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The number of processes that a launcher says it has started, and the variable that says so. */
export interface Launched {
  readonly variable: string;
  readonly processes: number;
}

/** Variables with the number of processes, those of the innermost launcher first. */
const sizeVariables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] as const;

/** What the launcher of this process says; undefined if there is none. */
export function launchedBy(env: Environment): Launched | undefined {
  for (const variable of sizeVariables) {
    const processes = Number(env[variable] ?? 0);
    if (processes > 0) return { variable, processes };
  }
  return undefined;
}

/** Variables with the number of this process among those of its machine, those of the innermost launcher first. */
const localRankVariables = [
  "OMPI_COMM_WORLD_LOCAL_RANK",
  "MPI_LOCALRANKID",
  "SLURM_LOCALID",
] as const;

/** What the launcher of this process says of its number among those of its machine; undefined if it says nothing. */
export function localRankFrom(env: Environment): number | undefined {
  const said = localRankVariables.map((name) => env[name]).find((value) => value !== undefined);
  return said !== undefined && /^\d+$/.test(said) ? Number(said) : undefined;
}

/** Names under which the loader of Linux finds libraries: Debian renames that of MPICH. */
const names: Readonly<Record<MpiFamily, readonly string[]>> = {
  "Open MPI": ["libmpi.so.40"],
  MPICH: ["libmpich.so.12", "libmpi.so.12"],
};

/** Variable that names the library to use. */
export const libraryVariable = "TAG2MASK_MPI_LIB";

/** The libraries to try, in this order: that of the user, else those of the launcher's family, else all. */
export function candidates(env: Environment): readonly string[] {
  const own = env[libraryVariable];
  if (own !== undefined && own !== "") return [own];
  const openMpi = Object.keys(env).some((name) => name.startsWith("OMPI_COMM_WORLD_"));
  if (openMpi) return names["Open MPI"];
  if (env["PMI_RANK"] !== undefined) return [...names.MPICH, ...names["Open MPI"]];
  return [...names["Open MPI"], ...names.MPICH];
}
