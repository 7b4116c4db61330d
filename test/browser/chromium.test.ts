import { afterAll, describe, expect, test } from "vitest";
import { checks } from "../runtime-conformance.ts";
import { missing, openPage } from "./chromium.ts";

const opened = missing === null ? await openPage() : undefined;
afterAll(() => opened?.close());

const ask = (task: string, ...values: unknown[]): Promise<unknown> =>
  opened!.page.evaluate(`tasks.${task}(...${JSON.stringify(values)})`);

describe.skipIf(missing !== null)("in Chromium, on onnxruntime-web", () => {
  test("the built core computes the forward pass of golden forward_64x96", async () => {
    const errors = (await ask("forward")) as Record<string, number>;
    expect(Object.keys(errors)).toEqual(["clsLogits", "segLogits", "affinity", "cam"]);
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-4);
  });

  test.each(Object.keys(checks))("%s", async (name) => {
    await ask("conformance", name);
  });
});
