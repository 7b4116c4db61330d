// A training for tests to kill: resumes the run it is given, or starts one there, and never ends by itself.
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { nodeHost } from "../../../src/host/node/host.ts";
import { RunDirectory } from "../../../src/files/run/directory.ts";
import { fakeTraining, squarePanel } from "./fake-run.ts";

const [path, limit = "1000000000"] = process.argv.slice(2) as [string, string?];
const steps = Number(limit);
const { run, state } = existsSync(path)
  ? await RunDirectory.open(nodeHost, path)
  : {
      run: await RunDirectory.create(nodeHost, {
        root: dirname(path),
        name: basename(path),
        config: {},
      }),
      state: undefined,
    };
const panels = (): ReturnType<typeof squarePanel>[] => [squarePanel("a")];
const options = { steps, classes: ["cat"], panels, validateEvery: 5, checkpointEvery: 3 };
try {
  for (const event of fakeTraining({ ...options, from: state?.step ?? 0 })) {
    await run.record(event);
    if (event.type === "checkpoint") process.stdout.write(`${event.step}\n`);
  }
  await run.close();
} catch (error) {
  process.stdout.write(`${(error as Error).name}: ${(error as Error).message}\n`);
  process.exit(1);
}
