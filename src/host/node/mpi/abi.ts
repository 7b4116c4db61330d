/** Implementations of MPI that differ in their binary interface. Intel MPI and MVAPICH share that of MPICH. */
export type MpiFamily = "Open MPI" | "MPICH";

/** Communicators, types and operations as a library of MPI knows them. */
export interface MpiHandles {
  readonly world: bigint;
  readonly float: bigint;
  readonly double: bigint;
  readonly byte: bigint;
  /** The operation that adds. */
  readonly sum: bigint;
  /** In place of an address: the values of this process are where its results go. */
  readonly inPlace: bigint;
  /** The error handler that lets a call return its error. */
  readonly errorsReturn: bigint;
}

/** Handles of MPICH: numbers, fixed since version 3.1 by its ABI initiative. */
const mpichHandles: MpiHandles = {
  world: 0x44000000n,
  float: 0x4c00040an,
  double: 0x4c00080bn,
  byte: 0x4c00010dn,
  sum: 0x58000003n,
  inPlace: -1n,
  errorsReturn: 0x54000001n,
};

/** Only Open MPI has this symbol. */
const openMpiWorld = "ompi_mpi_comm_world";

/**
 * Tells the family of a library and its handles.
 * @param symbol address of an exported variable; undefined if the library has none of this name
 */
export function handlesOf(symbol: (name: string) => bigint | undefined): {
  readonly family: MpiFamily;
  readonly handles: MpiHandles;
} {
  if (symbol(openMpiWorld) === undefined) return { family: "MPICH", handles: mpichHandles };
  // Handles of Open MPI are the addresses of variables.
  const address = (name: string): bigint => {
    const found = symbol(name);
    if (found === undefined) throw new Error(`mpi: the library of Open MPI has no ${name}`);
    return found;
  };
  return {
    family: "Open MPI",
    handles: {
      world: address(openMpiWorld),
      float: address("ompi_mpi_float"),
      double: address("ompi_mpi_double"),
      byte: address("ompi_mpi_byte"),
      sum: address("ompi_mpi_op_sum"),
      inPlace: 1n,
      errorsReturn: address("ompi_mpi_errors_return"),
    },
  };
}

/**
 * Every argument is declared as wide as an address: the 32-bit handles of MPICH ride in the same registers on x86-64 and arm64,
 * so one prototype serves all libraries.
 */
export const prototypes = {
  MPI_Get_library_version: ["address", "address"],
  MPI_Init_thread: ["address", "address", "int", "address"],
  MPI_Comm_rank: ["address", "address"],
  MPI_Comm_size: ["address", "address"],
  MPI_Comm_set_errhandler: ["address", "address"],
  MPI_Error_string: ["int", "address", "address"],
  MPI_Barrier: ["address"],
  MPI_Bcast: ["address", "int", "address", "int", "address"],
  MPI_Allgather: ["address", "int", "address", "address", "int", "address", "address"],
  MPI_Alltoallv: [
    ...["address", "address", "address", "address", "address"],
    ...["address", "address", "address", "address"],
  ],
  MPI_Reduce_local: ["address", "address", "int", "address", "address"],
  MPI_Finalize: [],
  MPI_Abort: ["address", "int"],
} as const satisfies Readonly<Record<string, readonly ("address" | "int")[]>>;

export type MpiFunction = keyof typeof prototypes;

/** MPI_THREAD_SERIALIZED: calls from any thread, one at a time. */
export const threadSerialized = 2;

/** Bytes of the longest texts that a library returns; MPICH has the longer ones. */
export const longestVersion = 8192;
export const longestError = 1024;
