import type { WebDevice } from "./choice.ts";

/** Part of ONNX Runtime's error for a graph that a device cannot compute as a whole. */
const fallbackRefused = "fallback to CPU EP has been explicitly disabled";

/** What ONNX Runtime, WebAssembly and browsers say where memory is missing. */
const outOfMemory =
  /bad_alloc|Failed to allocate memory|[Oo]ut of memory|memory access out of bounds|could not allocate|Array buffer allocation failed/;

/** An error of ONNX Runtime in plain words, where it has none. */
export function explainFailure(error: unknown, device: WebDevice): unknown {
  // WebAssembly throws C++ exceptions as numbers: addresses of an object that says nothing.
  if (typeof error === "number" || (error instanceof Error && outOfMemory.test(error.message))) {
    return new RangeError(
      `${device}: ONNX Runtime has no memory left, of which WebAssembly has 4 GiB at most` +
        `${error instanceof Error ? ` (${firstLine(error)})` : ""}; take smaller images, crops or batches, or a smaller network`,
      { cause: error },
    );
  }
  if (!(error instanceof Error && error.message.includes(fallbackRefused))) return error;
  return new Error(
    `${device}: the device has no kernel for some nodes of this graph, and they must not fall back to the CPU; ` +
      "compute on the CPU instead",
    { cause: error },
  );
}

/** The problem alone: ONNX Runtime puts its source file and function before it. */
export function firstLine({ message }: Error): string {
  const line = message.split("\n")[0]!.trim();
  const cause = /(?:was false\.|_\w+:) (.*)$/.exec(line)?.[1] ?? line;
  return cause.replace(/\.$/, "");
}
