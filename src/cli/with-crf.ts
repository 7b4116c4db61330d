import { availableParallelism } from "node:os";
import type { RefineLogits } from "../method/inference/refine-logits.ts";

/** Images begun before one is finished: as many as there are threads, and one for the network. */
export const crfAhead = Math.min(16, availableParallelism()) + 1;

/** Does a job with the dense CRF in worker threads, if it is wanted, and ends them when it is done. */
export async function withCrf<T>(
  wanted: boolean,
  job: (crf: RefineLogits | undefined) => Promise<T>,
): Promise<T> {
  if (!wanted) return job(undefined);
  const { CrfPool } = await import("../method/refine/crf-pool.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const { workers, machine } = nodeHost;
  const pool = new CrfPool(workers, { threads: machine.cores });
  try {
    return await job((image, logits) => pool.refine(image, logits));
  } finally {
    await pool.close();
  }
}
