import { cpus } from "node:os";
import type { Exchange } from "../host/exchange.ts";
import type { Host } from "../host/host.ts";
import { connectMpi } from "../host/node/mpi/connect.ts";
import { UserError } from "../user-error.ts";
import { Interrupted, runJob } from "./interrupt.ts";
import type { Output } from "./output.ts";

/** Signals besides Ctrl-C that save a checkpoint: launchers forward SIGUSR1, which `sbatch --signal` sends before the end. */
export const togetherSignals: readonly NodeJS.Signals[] = ["SIGUSR1"];

/** Codes of errors that all processes find at the same time: rank 0 tells of them, and ends the others, which wait for that. */
const foundByAll: readonly (string | undefined)[] = ["not-finite", "other-data"];

export interface TogetherOptions {
  readonly data: string | undefined;
  readonly masks: true | string | undefined;
  /** The work of rank 0, with all output. @param started to be called when the training begins */
  readonly train: (host: Host, exchange: Exchange, started: () => void) => Promise<void>;
}

/**
 * Trains with the processes of a launcher of MPI. Rank 0 shows everything; of the others one sees only what goes wrong there.
 * After an error the process ends without leaving MPI, and the launcher ends all others.
 */
export async function trainTogether(
  host: Host,
  output: Output,
  { data, masks, train }: TogetherOptions,
): Promise<void> {
  const { exchange, name, library, cores, localRank, close } = await connectMpi();
  const own: Host = { ...host, machine: { ...host.machine, cores, localRank } };
  let isStarted = false;
  try {
    if (exchange.rank === 0) {
      output.noteLater(`MPI: ${library}`);
      if (cores === 1 && cpus().length > exchange.size) {
        output.noteLater(
          `each process computes in one thread, this machine has ${cpus().length} cores; Open MPI binds processes to one core ` +
            "each unless mpirun has --bind-to none",
        );
      }
      await train(own, exchange, () => (isStarted = true));
    } else {
      const { followTraining } = await import("../jobs/train-together.ts");
      const job = {
        exchange,
        ...(data !== undefined && { data }),
        ...(typeof masks === "string" && { masks }),
      };
      await runJob(
        (options) => followTraining(own, job, options),
        (event, interruption) => {
          // What stops one process stops all; rank 0 tells of it.
          if (event.type === "started") interruption.handle(() => undefined);
          if (event.type === "skipped") output.note(`${name}: left out ${event.message}`);
        },
        togetherSignals,
      );
    }
  } catch (error) {
    // From then on all processes stop together; before, the others still wait for the beginning.
    if (error instanceof Interrupted && isStarted) await close();
    if (exchange.rank > 0 && error instanceof UserError && foundByAll.includes(error.code))
      await exchange.barrier();
    throw named(error, name);
  }
  await close();
}

/** An error that says in which process it happened. */
function named(error: unknown, name: string): unknown {
  if (error instanceof Interrupted) return error;
  if (error instanceof UserError) {
    const { message, code, remedies } = error;
    return new UserError(`${name}: ${message}`, { cause: error, code, remedies });
  }
  if (error instanceof Error) error.message = `${name}: ${error.message}`;
  return error;
}
