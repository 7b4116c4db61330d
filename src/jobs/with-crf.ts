import type { Host } from "../host/host.ts";
import type { RefineLogits } from "../method/inference/refine-logits.ts";
import { CrfPool } from "../method/refine/crf-pool.ts";

/** Images begun before the first of them is finished, where a CRF follows: one per thread, and one in the network. */
export function crfAhead({ machine }: Pick<Host, "machine">): number {
  return Math.min(16, machine.cores) + 1;
}

/** Runs a job with a dense CRF in worker threads if `wanted`, and ends them afterwards. */
export async function* withCrf<E, R>(
  { workers, machine }: Pick<Host, "workers" | "machine">,
  wanted: boolean,
  job: (crf: RefineLogits | undefined) => AsyncGenerator<E, R>,
): AsyncGenerator<E, R> {
  if (!wanted) return yield* job(undefined);
  const pool = new CrfPool(workers, { threads: machine.cores });
  try {
    return yield* job((image, logits) => pool.refine(image, logits));
  } finally {
    await pool.close();
  }
}
