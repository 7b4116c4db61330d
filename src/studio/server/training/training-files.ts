/** Names of the files that the studio keeps of a training, beside its run folder. */
export const trainingFiles = {
  /** What was asked for. */
  record: "request.json",
  /** Standard error of its process. */
  errors: "errors.log",
  /** Held by its process. */
  lock: "process.lock",
  /** Why it failed. */
  failure: "failure.json",
} as const;
