import { describe, expect, test, vi } from "vitest";
import { candidates, launchedBy, localRankFrom } from "../../../../src/host/node/mpi/launcher.ts";
import { openMpi } from "../../../../src/host/node/mpi/library.ts";
import { timeoutOf } from "../../../../src/host/node/mpi/watchdog.ts";

const openMpiNames = ["libmpi.so.40"];
const mpichNames = ["libmpich.so.12", "libmpi.so.12"];

test.each([
  ["no launcher", {}, [...openMpiNames, ...mpichNames]],
  ["mpirun of Open MPI", { OMPI_COMM_WORLD_RANK: "0" }, openMpiNames],
  ["mpirun of MPICH", { PMI_RANK: "0" }, [...mpichNames, ...openMpiNames]],
  ["a library of one's own", { TAG2MASK_MPI_LIB: "/opt/mpi.so", PMI_RANK: "0" }, ["/opt/mpi.so"]],
])("libraries are tried in the order that suits %s", (_, env, names) => {
  expect(candidates(env)).toEqual(names);
});

test.each([
  [{}, undefined],
  [{ SLURM_STEP_NUM_TASKS: "4" }, { variable: "SLURM_STEP_NUM_TASKS", processes: 4 }],
  [
    { SLURM_STEP_NUM_TASKS: "1", PMI_SIZE: "4" },
    { variable: "PMI_SIZE", processes: 4 },
  ],
])("the innermost launcher tells the number of processes: %j", (env, launched) => {
  expect(launchedBy(env)).toEqual(launched);
});

test.each([
  ["no launcher", {}, undefined],
  ["mpirun of Open MPI", { OMPI_COMM_WORLD_LOCAL_RANK: "3" }, 3],
  ["mpirun of MPICH and of Intel MPI", { MPI_LOCALRANKID: "2", PMI_RANK: "6" }, 2],
  ["srun", { SLURM_LOCALID: "1" }, 1],
  // srun has started one daemon of mpirun on the machine.
  ["mpirun in an allocation", { OMPI_COMM_WORLD_LOCAL_RANK: "1", SLURM_LOCALID: "0" }, 1],
])("%s tells a process its number on its machine", (_, env, number) => {
  expect(localRankFrom(env)).toBe(number);
});

describe("what cannot work is said in one line", () => {
  test("a library that is not there", async () => {
    const opening = openMpi({ TAG2MASK_MPI_LIB: "/nowhere/libmpi.so" });
    await expect(opening).rejects.toThrow(
      /^mpi: \/nowhere\/libmpi\.so cannot be loaded: .*No such file.*; on Debian .*: apt-get install/,
    );
  });

  test("a library of something else", async () => {
    const opening = openMpi({ TAG2MASK_MPI_LIB: "libm.so.6" });
    await expect(opening).rejects.toThrow(/^mpi: libm\.so\.6 is no library of MPI: .*MPI_/);
  });

  test("an installation without koffi, which is optional", async () => {
    vi.resetModules();
    vi.doMock("koffi", () => {
      throw new Error("Cannot find package 'koffi'");
    });
    const { openMpi: open } = await import("../../../../src/host/node/mpi/library.ts");
    await expect(open({})).rejects.toThrow(/^mpi: the package koffi, .* npm install koffi$/);
    vi.doUnmock("koffi");
  });

  test("a time limit that is none", () => {
    expect(() => timeoutOf({ TAG2MASK_MPI_TIMEOUT: "soon" })).toThrow(
      'TAG2MASK_MPI_TIMEOUT: "soon" is no number of seconds; give one above 0, or leave it out for 600',
    );
    expect([timeoutOf({}), timeoutOf({ TAG2MASK_MPI_TIMEOUT: "90" })]).toEqual([600, 90]);
  });
});
