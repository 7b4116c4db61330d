import { spawnSync } from "node:child_process";
import { test } from "vitest";
import { families, type Family } from "./launch.ts";

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
