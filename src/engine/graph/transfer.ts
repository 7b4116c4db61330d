import { writeModel } from "./onnx.ts";
import { input, node } from "./tensor.ts";

/**
 * A graph whose outputs are its inputs, by the same names: what moves arrays to a device or back.
 * Inputs are fed as `from.<name>`.
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
