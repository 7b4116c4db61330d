/**
 * Number by which one of several processes of a machine asks CUDA for a GPU of its own. SLURM and others may show each process its
 * own GPUs by CUDA_VISIBLE_DEVICES; CUDA counts those that are named there from 0, so that one that sees a single GPU has number 0.
 * Without it the process sees all GPUs of the machine, and takes the one with its own number.
 * @param localRank number of the process among those of the machine
 * @param visible the variable CUDA_VISIBLE_DEVICES
 */
export function gpuNumber(localRank: number, visible: string | undefined): number {
  if (visible === undefined) return localRank;
  const names = visible.split(",").map((name) => name.trim());
  // CUDA reads up to the first that is none, such as -1.
  const end = names.findIndex((name) => !/^(\d|GPU-|MIG-)/.test(name));
  const count = end < 0 ? names.length : end;
  return count > 0 ? localRank % count : 0;
}
