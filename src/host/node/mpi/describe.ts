import { UserError } from "../../../user-error.ts";
import type { MpiFamily } from "./abi.ts";
import { openMpi } from "./library.ts";

/** The library of MPI that this process would use, or why there is none and what to install. */
export type MpiReport =
  | { readonly library: string; readonly family: MpiFamily; readonly version: string }
  | { readonly problem: string };

/** Looks for a library of MPI without joining other processes. */
export async function describeMpi(env: NodeJS.ProcessEnv = process.env): Promise<MpiReport> {
  try {
    const { name, family, version } = await openMpi(env);
    return { library: name, family, version };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: error.message.replace(/^mpi: /, "") };
  }
}
