import { readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { UserError } from "../../../user-error.ts";
import { gatherTexts, type Exchange } from "../../exchange.ts";
import { threadSerialized } from "./abi.ts";
import { MpiExchange } from "./exchange.ts";
import { launchedBy, libraryVariable, localRankFrom } from "./launcher.ts";
import { fixed, openMpi, type MpiLibrary } from "./library.ts";
import { die, timeoutOf, Watchdog } from "./watchdog.ts";

/** Milliseconds between the last words of a process and the end of all. */
const beforeAbort = 1000;

/** Communication over MPI, and its end. */
export interface MpiConnection {
  readonly exchange: Exchange;
  /** This process for messages: `rank 3 (host)`. */
  readonly name: string;
  /** The library in one line. */
  readonly library: string;
  /** Number of this process among those of its machine, from 0. */
  readonly localRank: number;
  /** Cores for this process: its share of those that it may use together with others. */
  readonly cores: number;
  /**
   * Waits for all processes and leaves MPI. A process that ends without this, with any exit code, has failed: the launcher
   * ends the others.
   */
  close(): Promise<void>;
}

/** Joins the processes that a launcher of MPI has started. To be called once, from the main thread. */
export async function connectMpi(env: NodeJS.ProcessEnv = process.env): Promise<MpiConnection> {
  const seconds = timeoutOf(env);
  const mpi = await openMpi(env);
  const number = new Int32Array(fixed(4));
  const at = mpi.address(number);
  mpi.call("MPI_Init_thread", 0n, 0n, threadSerialized, at);
  const provided = number[0]!;
  const { world, errorsReturn } = mpi.handles;
  mpi.call("MPI_Comm_set_errhandler", world, errorsReturn);
  mpi.call("MPI_Comm_rank", world, at);
  const rank = number[0]!;
  mpi.call("MPI_Comm_size", world, at);
  const size = number[0]!;
  const name = `rank ${rank} (${hostname()})`;
  const watchdog = new Watchdog(name, seconds);
  let open = true;
  process.on("uncaughtExceptionMonitor", (error) => {
    if (!open) return;
    // Node prints an uncaught error after "exit", which the process does not survive.
    if (process.listenerCount("uncaughtException") === 0) console.error(`${name}:`, error);
    else if (error instanceof Error) error.message = `${name}: ${error.message}`;
  });
  process.on("exit", (code) => {
    if (!open) return;
    if (code === 0) console.error(`${name}: ended before the work of all processes was done`);
    // A call that is under way would keep the process from ending.
    if (watchdog.busy) die(`${name}: ends with exit code ${code}, and all other processes with it`);
    // The launcher of MPICH drops what it has not passed on by then, such as the reason that has just been printed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, beforeAbort);
    mpi.call("MPI_Abort", world, code === 0 ? 1 : code);
  });
  checkLauncher(mpi, size, env);
  if (provided < threadSerialized) {
    throw new UserError(
      `mpi: ${mpi.name} (${mpi.version}) supports calls of the main thread only (level ${provided}, needed ${threadSerialized}); ` +
        "use a build with support for threads",
      { code: "no-mpi" },
    );
  }
  const exchange = new MpiExchange(mpi, { rank, size, watch: (call) => watchdog.watch(call) });
  // Launchers bind processes to cores or let them use all.
  const allowed = `${hostname()} ${allowedCores()}`;
  const everywhere = await gatherTexts(exchange, allowed);
  const sharing = everywhere.filter((other) => other === allowed);
  const before = everywhere.slice(0, rank).filter((other) => other.split(" ")[0] === hostname());
  return {
    exchange,
    name,
    library: `${mpi.version} (${mpi.name})`,
    localRank: localRankFrom(env) ?? before.length,
    cores: Math.max(1, Math.floor(availableParallelism() / sharing.length)),
    async close() {
      // MPI_Finalize holds up the thread that called MPI_Init_thread, so nobody comes to it before all others do.
      await exchange.barrier();
      mpi.call("MPI_Finalize");
      open = false;
    },
  };
}

/** The cores that this process may use, as Linux lists them. */
function allowedCores(): string {
  const status = readFileSync("/proc/self/status", "utf8");
  return /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? "";
}

/** With the launcher of another family every process would train alone, all into the same folder. */
function checkLauncher(
  { name, version, family }: MpiLibrary,
  size: number,
  env: NodeJS.ProcessEnv,
): void {
  const launched = launchedBy(env);
  if (!launched || launched.processes === size) return;
  const { processes, variable } = launched;
  throw new UserError(
    `mpi: the launcher has started ${processes} processes (${variable}), but ${name} (${version}) knows ${size}; start with ` +
      `the launcher of ${family}, or set ${libraryVariable} to the library of the launcher`,
    { code: "other-mpi" },
  );
}
