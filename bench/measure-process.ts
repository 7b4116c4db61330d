import { configurations } from "./configurations.ts";
import { measure } from "./measure.ts";

// Started by main.ts with [name, runs, threads]: a process of its own, so that peak memory is this
// configuration's alone.
const [name, runs, threads] = process.argv.slice(2);
const configuration = configurations.find((c) => c.name === name)!;
process.send!(await measure(configuration, { runs: Number(runs), threads: Number(threads) }));
