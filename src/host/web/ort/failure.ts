import { explainFallback, problemOf } from "../../both/ort/failure.ts";
import type { WebDevice } from "./choice.ts";

/** What ONNX Runtime, WebAssembly and browsers say where memory is missing. */
const outOfMemory =
  /bad_alloc|Failed to allocate memory|[Oo]ut of memory|memory access out of bounds|could not allocate|Array buffer allocation failed/;

/** An error of ONNX Runtime in plain words, where it has none. */
export function explainFailure(error: unknown, device: WebDevice): unknown {
  // WebAssembly throws C++ exceptions as numbers: addresses of an object that says nothing.
  if (typeof error === "number" || (error instanceof Error && outOfMemory.test(error.message))) {
    return new RangeError(
      `${device}: ONNX Runtime has no memory left, of which WebAssembly has 4 GiB at most` +
        `${error instanceof Error ? ` (${problemOf(error.message)})` : ""}; take smaller images, crops or batches, or a smaller network`,
      { cause: error },
    );
  }
  return explainFallback(error, device);
}
