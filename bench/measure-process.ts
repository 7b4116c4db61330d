import { readFileSync } from "node:fs";
import { UserError } from "../src/user-error.ts";
import type { Job, JobResult, Workspace } from "./job.ts";

// Started by main.ts with a job as JSON and a file that holds the workspace: a process of its own for
// every measurement.
const [json, file] = process.argv.slice(2) as [string, string];
const job = JSON.parse(json) as Job;
const workspace = JSON.parse(readFileSync(file, "utf8")) as Workspace;
process.send!(await measure());

async function measure(): Promise<JobResult> {
  switch (job.kind) {
    case "sgemm":
      return (await import("./measure-sgemm.ts")).measureSgemm(job.threads);
    case "step":
      return (await import("./measure-step.ts")).measureStep(job, workspace);
    case "loading":
      return (await import("./measure-loading.ts")).measureLoading(job.name, workspace);
    case "start-up": {
      const { builtCommand, measureStartUp } = await import("./measure-startup.ts");
      const command = builtCommand();
      if (command === null) throw new UserError("dist/ is gone; npm run build makes it");
      return measureStartUp(command);
    }
  }
}
