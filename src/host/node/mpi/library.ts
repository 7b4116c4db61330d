import { UserError } from "../../../user-error.ts";
import {
  handlesOf,
  longestError,
  longestVersion,
  prototypes,
  type MpiFamily,
  type MpiFunction,
  type MpiHandles,
} from "./abi.ts";
import { candidates, libraryVariable } from "./launcher.ts";

/** An argument of MPI: a number, an address or a handle. */
type Argument = number | bigint;

/** A function of MPI, which returns 0 or the code of an error. */
interface Native {
  (...values: readonly Argument[]): number;
  async(...values: readonly (Argument | ((error: Error | null, code: number) => void))[]): void;
}

/** A library of MPI that was found and loaded, but not initialized. */
export interface MpiLibrary {
  readonly name: string;
  readonly family: MpiFamily;
  /** First line of what the library says about itself. */
  readonly version: string;
  readonly handles: MpiHandles;
  /** Calls a function in this thread. Throws its error. */
  call(name: MpiFunction, ...values: readonly Argument[]): void;
  /** Calls a function in a thread of its own: the event loop stays free. */
  callAsync(name: MpiFunction, ...values: readonly Argument[]): Promise<void>;
  /** Address of memory that does not move; see `fixed`. */
  address(view: ArrayBufferView): bigint;
}

/** What to install where there is no library. */
const install =
  "on Debian and Ubuntu: apt-get install openmpi-bin libopenmpi3, or apt-get install mpich; " +
  "on a cluster, load its module of MPI";

/**
 * A stack for the threads that call MPI: MPICH needs more than the 128 KiB of koffi's default, and crashes without a word.
 */
const stackBytes = 8 * 2 ** 20;

const ucxHooks = "UCX_MEM_MMAP_HOOK_MODE";

/** Flags of dlopen on Linux: RTLD_NOW, RTLD_GLOBAL, RTLD_NODELETE. */
const pinned = 0x2 | 0x100 | 0x1000;

/** Largest typed array, in bytes, that V8 keeps in its own heap, where it moves. */
const largestInHeap = 64;

/** Whether memory keeps its address. */
export function isFixed({ buffer, byteLength }: ArrayBufferView): boolean {
  return byteLength > largestInHeap || buffer.byteLength > largestInHeap;
}

/** Memory that keeps its address, for `count` elements. */
export function fixed(bytes: number): ArrayBuffer {
  return new ArrayBuffer(Math.max(2 * largestInHeap, bytes));
}

/** Loads the library of MPI that the environment asks for. */
export async function openMpi(env: NodeJS.ProcessEnv): Promise<MpiLibrary> {
  if (process.platform !== "linux") {
    throw new UserError(
      `mpi: is supported on Linux, this is ${process.platform}; train in one process`,
      { code: "no-mpi" },
    );
  }
  // UCX, on which libraries of MPI build, tries its hooks by moving the end of the heap up and down. If another thread of Node
  // allocates meanwhile, the heap is broken. UCX reads the variable when it is loaded.
  process.env[ucxHooks] ??= "none";
  const { default: koffi } = await importKoffi();
  // The setting holds for everything that is loaded later.
  if (koffi.config().async_stack_size !== stackBytes)
    koffi.config({ async_stack_size: stackBytes });
  const self = koffi.load(null);
  const dlopen = self.func("dlopen", "void *", ["const char *", "int"]);
  const dlerror = self.func("dlerror", "const char *", []);
  const name = candidates(env).find((candidate, i, all) => {
    // Without RTLD_NODELETE the library leaves before threads of its own: processes of `srun --mpi=pmix` crash at their end.
    if (dlopen(candidate, pinned) !== null) return true;
    const reason = String(dlerror());
    if (env[libraryVariable] === candidate || !reason.includes("cannot open shared object file"))
      throw new UserError(`mpi: ${candidate} cannot be loaded: ${reason}; ${install}`, {
        code: "no-mpi",
      });
    if (i === all.length - 1)
      throw new UserError(
        `mpi: no library of MPI was found (${all.join(", ")}); ${install}, or set ${libraryVariable} to the file`,
        { code: "no-mpi" },
      );
    return false;
  })!;
  const library = koffi.load(name);
  const { family, handles } = handlesOf((symbol) => {
    try {
      return library.symbol(symbol) as bigint;
    } catch {
      return undefined;
    }
  });
  const types = { address: "intptr_t", int: "int" } as const;
  const functions = new Map<MpiFunction, Native>();
  const native = (wanted: MpiFunction): Native => {
    let found = functions.get(wanted);
    if (!found) {
      const parameters = prototypes[wanted].map((type) => types[type]);
      try {
        found = library.func(wanted, "int", parameters) as Native;
      } catch (cause) {
        throw new UserError(
          `mpi: ${name} is no library of MPI: it has no ${wanted}; set ${libraryVariable} to the file of one, or leave it out`,
          { cause, code: "no-mpi" },
        );
      }
      functions.set(wanted, found);
    }
    return found;
  };
  const address = (view: ArrayBufferView): bigint => koffi.address(view);
  const textOf = (bytes: number, write: (text: bigint, length: bigint) => number): string => {
    const text = new Uint8Array(fixed(bytes));
    const length = new Int32Array(fixed(4));
    if (write(address(text), address(length)) !== 0) return "";
    return Buffer.from(text.subarray(0, length[0])).toString("utf8").replace(/\0/g, "").trim();
  };
  const check = (called: MpiFunction, code: number): void => {
    if (code === 0) return;
    const reason = textOf(longestError, (text, length) =>
      native("MPI_Error_string")(code, text, length),
    );
    throw new Error(`mpi: ${called}: ${reason || `error ${code}`}`);
  };
  const version = textOf(longestVersion, (text, length) =>
    native("MPI_Get_library_version")(text, length),
  );
  return {
    name,
    family,
    version: version.split("\n")[0]!.replace(/\s+/g, " "),
    handles,
    address,
    call: (called, ...values) => check(called, native(called)(...values)),
    callAsync: (called, ...values) =>
      new Promise((resolve, reject) => {
        native(called).async(...values, (error, code) => {
          try {
            if (error) throw error;
            check(called, code);
            resolve();
          } catch (failure) {
            reject(failure as Error);
          }
        });
      }),
  };
}

async function importKoffi(): Promise<typeof import("koffi")> {
  try {
    return await import("koffi");
  } catch (error) {
    throw new UserError(
      "mpi: the package koffi, through which libraries of MPI are called, is not installed; run: npm install koffi",
      { cause: error, code: "no-mpi" },
    );
  }
}
