import { packageVersion } from "../host/node/version.ts";
import type { ReportFacts } from "../jobs/run-training.ts";
import type { Output } from "./output.ts";

/** The command and the versions that the report of a training states. */
export function reportFacts(output: Output): ReportFacts {
  const versions = { tag2mask: packageVersion(), "Node.js": process.versions.node };
  return { command: output.commandLine, versions };
}
