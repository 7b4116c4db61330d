import type { Task } from "./curves.ts";
import { measureTask } from "./measure.ts";

// As a process of its own: does the task of the command line and answers the parent.
const measured = await measureTask(JSON.parse(process.argv[2]!) as Task);
process.send!(measured, () => process.exit(0));
