import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { PairwiseSum } from "../../../../src/engine/pairwise-sum.ts";
import { installedFamilies } from "./installed-families.ts";
import { launch, type Family } from "./launch.ts";

const script = new URL("rank.ts", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "mpi-"));
let runs = 0;
const newFolder = (): string => mkdtempSync(join(folder, `${runs++}-`));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The sum that all ranks must have, at the places that they report. */
async function sumsOf(ranks: number, length: number): Promise<number[]> {
  const places = [...Array(length).keys()].filter((i) => i < 5 || i >= length - 5);
  const start = length < 5 ? [...places, ...places] : places;
  return Promise.all(
    start.map(async (i) => {
      const tree = new PairwiseSum<number>((a, b) => Math.fround(a + b));
      for (let rank = 0; rank < ranks; rank++) {
        await tree.add(Math.fround(Math.sin(1 + rank * 1000 + i) * 10 ** (rank % 5)));
      }
      return (await tree.total())!;
    }),
  );
}

const all = installedFamilies();

for (const { family, installed } of all) {
  describe.runIf(installed)(`processes of ${family}`, () => {
    test.each([1, 2, 3])("%d of them exchange exact values", async (ranks) => {
      const to = newFolder();
      const { code, output } = await launch(family, ranks, script, ["work", to]);
      expect({ code, output }).toMatchObject({ code: 0 });
      const small = await sumsOf(ranks, 3);
      const large = await sumsOf(ranks, 2 ** 24 + 7);
      const gathered = Array.from({ length: ranks }, (_, r) => [r, ...Array<number>(r).fill(0.1)]);
      for (let rank = 0; rank < ranks; rank++) {
        expect(JSON.parse(readFileSync(join(to, `${rank}.json`), "utf8"))).toEqual({
          ...{ rank, size: ranks, small, large, gathered, max: 0, empty: 0 },
          text: "the bytes of rank 0",
        });
      }
    });

    // What is printed besides the launcher's own words.
    const ends = {
      throw: /rank 1 \(.*\): Error: one rank throws/,
      exit: /^/,
      leave: /rank 1 \(.*\): ended before the work of all processes was done/,
      kill: /^/,
      stop: /rank 0 \(.*\): the other processes have not answered for 2 s/,
    };
    test.each(Object.entries(ends))("one that fails (%s) ends all", async (failure, line) => {
      const to = newFolder();
      const env = { TAG2MASK_MPI_TIMEOUT: "2" };
      const { code, output } = await launch(family, 2, script, [failure, to], { env });
      expect(code).not.toBe(0);
      expect(output).toMatch(line);
      expect(readdirSync(to)).toEqual([]);
      // The system may take a moment to remove those that were killed.
      await expect.poll(() => processesWith(to)).toEqual([]);
    });
  });
}

/** Processes that are left over, by an argument of theirs. */
function processesWith(argument: string): string[] {
  return readdirSync("/proc").filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      return readFileSync(`/proc/${id}/cmdline`, "utf8").includes(argument);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

/** Libraries of the other family. */
const others: Readonly<Record<Family, string>> = {
  openmpi: "libmpich.so.12",
  mpich: "libmpi.so.40",
};

describe.runIf(all.every(({ installed }) => installed))("a launcher and a library", () => {
  test.each(all)("of two families are told apart: $family", async (one) => {
    const to = newFolder();
    const env = { TAG2MASK_MPI_LIB: others[one.family] };
    const { code, output } = await launch(one.family, 2, script, ["work", to], { env });
    expect(code).not.toBe(0);
    const found = `mpi: the launcher has started 2 processes \\(\\w+_SIZE\\), but ${others[one.family]} \\(.*\\) knows 1;`;
    expect(output).toMatch(new RegExp(found));
    expect(readdirSync(to)).toEqual([]);
  });
});
