/** Options of a session that make ONNX Runtime refuse a graph with nodes that the device cannot compute. */
export const noCpuFallback = { disable_cpu_ep_fallback: "1" } as const;

/** Part of ONNX Runtime's error for a graph that a device cannot compute as a whole. */
const fallbackRefused = "fallback to CPU EP has been explicitly disabled";

/** The error of creating a session, in plain words where the device cannot compute the whole graph. */
export function explainFallback(error: unknown, device: string): unknown {
  if (!(error instanceof Error && error.message.includes(fallbackRefused))) return error;
  return new Error(
    `${device}: the device has no kernel for some nodes of this graph, and they must not fall back to the CPU; ` +
      "compute on the CPU instead",
    { cause: error },
  );
}

/** The problem alone: ONNX Runtime puts its source file and function before it. */
export function problemOf(message: string): string {
  const line = message.split("\n")[0]!.trim();
  const cause = /(?:was false\.|_\w+:) (.*)$/.exec(line)?.[1] ?? line;
  return cause.replace(/\.$/, "");
}
