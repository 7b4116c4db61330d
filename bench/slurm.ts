import { spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { writeScenes } from "../src/files/datasets/index.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { runChecks } from "./slurm/check.ts";
import { labellingChecks } from "./slurm/labelling.ts";
import { trainingChecks } from "./slurm/training.ts";

// The scripts of deploy/slurm in a real SLURM: a controller and two nodes, which are namespaces of this machine. Needs root and
// the packages that bench/slurm/cluster.sh names, Open MPI and MPICH.
const { values } = parseArgs({ options: { only: { type: "string" } } });
const { only } = values;
if (only !== undefined && only !== "training" && only !== "labelling") {
  throw new Error(`--only is training or labelling, not ${only}`);
}
const root = fileURLToPath(new URL("..", import.meta.url));
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const cluster = process.env["CLUSTER"];
if (cluster === undefined) {
  const own = [process.execPath, "--import", loader, ...process.argv.slice(1)];
  const { status, error } = spawnSync("bash", [join(root, "bench/slurm/cluster.sh"), ...own], {
    stdio: "inherit",
  });
  if (error) throw error;
  process.exitCode = status ?? 1;
} else {
  process.exitCode = (await check(cluster)) ? 0 : 1;
}

/** Runs all checks inside the cluster. @param shared a folder that all nodes see */
async function check(shared: string): Promise<boolean> {
  const work = join(shared, "work");
  const bin = join(work, "bin");
  await mkdir(bin, { recursive: true });
  // Bits of results depend on the number of threads: one everywhere, on a core for each node.
  const main = join(root, "src/cli/main.ts");
  const core = '$([ "$(hostname)" = node2 ] && echo 1 || echo 0)';
  await writeFile(
    join(bin, "tag2mask"),
    `#!/bin/bash\nexec taskset -c ${core} '${process.execPath}' --import '${loader}' '${main}' "$@"\n`,
  );
  await chmod(join(bin, "tag2mask"), 0o755);
  process.env["PATH"] = `${bin}:${process.env["PATH"]}`;
  const data = join(work, "scenes");
  await writeScenes(nodeHost, data, { count: 16, valCount: 4, seed: 0, size: 64 });
  const bench = {
    ...{ work, data, deploy: join(root, "deploy/slurm") },
    ...{ model: join(work, "one"), small: join(work, "small") },
  };
  const photos = join(work, "photos");
  await writeScenes(nodeHost, photos, { count: 44, valCount: 4, seed: 1, size: 64 });
  const [first, ...training] = trainingChecks(bench);
  return runChecks([
    first!,
    ...(only === "labelling" ? [] : training),
    ...(only === "training" ? [] : labellingChecks({ ...bench, data: photos })),
  ]);
}
