import type { ResumeJob, TrainJob } from "../../jobs/train.ts";
import type { Remedy } from "../../user-error.ts";

/** Words of the command line, which this server's user may go on with in a terminal. */
export interface CommandWords {
  /** The command that does the same as a training of the studio. */
  train(job: Omit<TrainJob, "report">): string;
  /** The command that continues a run. */
  resume(job: Pick<ResumeJob, "run">): string;
  /** What can be done about an error. */
  remedies(remedies: readonly Remedy[]): string;
}
