import { afterAll, describe, expect, test } from "vitest";
import type { GradientErrors } from "../method/train/golden-gradients.ts";
import { checks } from "../runtime-conformance.ts";
import { missing } from "./launch.ts";
import { openWorkerPage } from "./worker-page.ts";

const page =
  missing === null ? await openWorkerPage(new URL("./ort-worker.ts", import.meta.url)) : undefined;
afterAll(() => page?.close());

type Errors = Readonly<Record<string, number>>;

describe.skipIf(missing !== null).each([1, 2])(
  "in a worker of Chromium, %i thread(s)",
  (threads) => {
    const ask = (task: string, ...values: unknown[]): Promise<unknown> =>
      page!.ask(`cpu ${threads}`, task, ...values);
    afterAll(() => page?.end(`cpu ${threads}`));

    test("WebAssembly has this number of threads", async () => {
      const note = threads === 1 ? "1 thread" : `${threads} threads`;
      expect(await ask("threads")).toEqual({ threads, note });
    });

    test.each(Object.keys(checks))("%s", async (name) => {
      await ask("conformance", name);
    });

    test("the forward pass gives what golden forward_64x96 says", async () => {
      for (const [name, error] of Object.entries((await ask("forward")) as Errors))
        expect(error, name).toBeLessThan(1e-4);
    });

    test("losses, gradients and batch statistics equal golden gradients", async () => {
      const errors = (await ask("gradients")) as GradientErrors;
      const { losses, gradients, cancelled, statistics, expected } = errors;
      for (const [name, error] of Object.entries(losses)) expect(error, name).toBeLessThan(1e-5);
      for (const [name, error] of Object.entries(gradients)) expect(error, name).toBeLessThan(1e-3);
      for (const [name, most] of Object.entries(cancelled)) expect(most, name).toBeLessThan(1e-6);
      for (const error of statistics) expect(error).toBeLessThan(1e-5);
      expect(Object.keys(gradients)).toHaveLength(expected);
    });

    test("five steps have the losses of golden trajectory, a checkpoint between them", async () => {
      const errors = (await ask("trajectory")) as Errors;
      expect(Object.keys(errors)).toHaveLength(5);
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(5e-4);
    });
  },
);

test.skipIf(missing !== null)(
  "auto takes the processor where WebGPU is software, and says so",
  async () => {
    const { device, note } = (await page!.ask("cpu 1", "resolve", "auto")) as {
      device: string;
      note: string;
    };
    expect(device).toBe("cpu");
    expect(note).toMatch(/^device cpu, 1 thread; webgpu: its only adapter is software/);
  },
);
