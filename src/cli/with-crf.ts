import { availableParallelism } from "node:os";
import type { RefineLogits } from "../method/eval/look.ts";

/** Images begun before one is finished: as many as there are threads, and one for the network. */
export const crfAhead = Math.min(16, availableParallelism()) + 1;

/** Does a job with the dense CRF in worker threads, if it is wanted, and ends them when it is done. */
export async function withCrf<T>(
  wanted: boolean,
  job: (crf: RefineLogits | undefined) => Promise<T>,
): Promise<T> {
  if (!wanted) return job(undefined);
  const { CrfPool } = await import("../host/node/workers/crf-pool.ts");
  const pool = new CrfPool();
  try {
    return await job((image, logits) => pool.refine(image, logits));
  } finally {
    await pool.close();
  }
}
