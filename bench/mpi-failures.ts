import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { families } from "../test/host/node/mpi/launch.ts";
import { failures, prepareReference, tryFailure } from "../test/cli/together-failures.ts";

// Trainings of two processes over MPI in which something goes wrong: all processes must end in bounded time with an exit code
// that is not 0 and one line that says why, and one process must be able to finish the run with the weights of a training that
// never failed; or the training goes on, where one process would.
const { values } = parseArgs({
  options: {
    /** Part of the names of the failures to try. */
    only: { type: "string", default: "" },
    library: { type: "string", multiple: true, default: [...families] },
  },
});
const folder = mkdtempSync(join(tmpdir(), "tag2mask-mpi-failures-"));
try {
  const reference = await prepareReference(folder);
  const rows: string[][] = [];
  let failed = 0;
  for (const failure of failures.filter(({ name }) => name.includes(values.only))) {
    for (const family of families.filter((name) => values.library.includes(name))) {
      const { seconds, code, problems } = await tryFailure(family, failure, reference);
      for (const problem of problems) console.error(`${failure.name}, ${family}: ${problem}`);
      if (problems.length > 0) failed++;
      const ended = seconds === undefined ? "" : `${seconds.toFixed(1)} s`;
      rows.push([failure.name, family, ended, String(code), problems.length > 0 ? "no" : "yes"]);
      console.error(rows.at(-1)!.join("  "));
    }
  }
  const titles = ["failure", "library", "ended after", "exit code", "as promised"];
  console.log(textTable([titles, ...rows], (column) => column > 1));
  process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
