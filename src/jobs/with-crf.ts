import type { Host } from "../host/host.ts";
import type { RefineLogits } from "../method/inference/refine-logits.ts";
import { CrfPool } from "../method/refine/crf-pool.ts";

/** Refinement of every image's logits, and the images that may be begun before the first of them is finished. */
export interface CrfOptions {
  readonly crf?: RefineLogits;
  readonly ahead?: number;
}

/** Runs a job with a dense CRF in worker threads if `wanted`, and ends them afterwards; the job's options are else empty. */
export async function* withCrf<E, R>(
  { workers, machine }: Pick<Host, "workers" | "machine">,
  wanted: boolean,
  job: (refinement: CrfOptions) => AsyncGenerator<E, R>,
): AsyncGenerator<E, R> {
  if (!wanted) return yield* job({});
  const pool = new CrfPool(workers, { threads: machine.cores });
  // One image per thread, and one in the network.
  const ahead = Math.min(16, machine.cores) + 1;
  try {
    return yield* job({ crf: (image, logits) => pool.refine(image, logits), ahead });
  } finally {
    await pool.close();
  }
}
