import { writeModel } from "./onnx.ts";
import { input, node } from "./tensor.ts";

/**
 * A graph that returns its inputs unchanged, with which arrays are moved to a device or back. Output `name` is input
 * `from.name`.
 */
export function transferModel(
  shapes: Readonly<Record<string, readonly number[]>>,
): Uint8Array<ArrayBuffer> {
  return writeModel(
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        node("Identity", [input(`from.${name}`, shape)], shape, null),
      ]),
    ),
  );
}
