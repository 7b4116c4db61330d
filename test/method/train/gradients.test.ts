import { expect, test } from "vitest";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { gradientErrors } from "./golden-gradients.ts";

test("losses, gradients and batch statistics equal golden gradients", async () => {
  const { losses, gradients, cancelled, statistics, expected } =
    await gradientErrors(nodeRuntime());
  for (const [name, error] of Object.entries(losses)) expect(error, name).toBeLessThan(1e-5);
  for (const [name, error] of Object.entries(gradients)) expect(error, name).toBeLessThan(1e-3);
  for (const [name, most] of Object.entries(cancelled)) expect(most, name).toBeLessThan(1e-6);
  for (const error of statistics) expect(error).toBeLessThan(1e-5);
  expect(Object.keys(gradients)).toHaveLength(expected);
});
