import { describe, expect, test } from "vitest";
import type { GradientErrors } from "../../../method/train/golden-gradients.ts";
import { onWebgpu } from "./adapter.ts";

const run = await onWebgpu(new URL("./training-process.ts", import.meta.url));

type Errors = Readonly<Record<string, number>>;

/** A software adapter takes half a minute for all of it. */
const patience = 180_000;

describe.skipIf(run.missing !== null)("on WebGPU", () => {
  test(
    "no node of a training's graphs is left to the CPU, at the size of the published recipe",
    async () => {
      const made = (await run.result("whole graphs")) as Errors;
      expect(Object.keys(made)).toEqual(
        expect.arrayContaining(["full with energy", "full of PVTv2"]),
      );
    },
    patience,
  );

  test(
    "a graph with a node that would be is refused",
    async () => {
      const messages = ((await run.result("refusal")) as string).split("\n");
      expect(messages).toHaveLength(2);
      for (const message of messages)
        expect(message).toMatch(/^webgpu: the device has no kernel for some nodes/);
    },
    patience,
  );

  test(
    "the forward pass gives what golden forward_64x96 says",
    async () => {
      for (const [name, error] of Object.entries((await run.result("forward")) as Errors))
        expect(error, name).toBeLessThan(1e-4);
    },
    patience,
  );

  test(
    "losses, gradients and batch statistics equal golden gradients",
    async () => {
      const errors = (await run.result("gradients")) as GradientErrors;
      const { losses, gradients, cancelled, statistics, expected } = errors;
      for (const [name, error] of Object.entries(losses)) expect(error, name).toBeLessThan(1e-5);
      for (const [name, error] of Object.entries(gradients)) expect(error, name).toBeLessThan(1e-3);
      for (const [name, most] of Object.entries(cancelled)) expect(most, name).toBeLessThan(1e-6);
      for (const error of statistics) expect(error).toBeLessThan(1e-5);
      expect(Object.keys(gradients)).toHaveLength(expected);
    },
    patience,
  );

  test(
    "five steps in its memory have the losses of golden trajectory, a checkpoint between them",
    async () => {
      const errors = (await run.result("trajectory")) as Errors;
      expect(Object.keys(errors)).toHaveLength(5);
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(5e-4);
    },
    patience,
  );

  test(
    "multi-scale activations and affinity of a crop equal golden cam",
    async () => {
      for (const [name, error] of Object.entries((await run.result("activations")) as Errors))
        expect(error, name).toBeLessThan(1e-4);
    },
    patience,
  );

  test(
    "`train --device webgpu` makes a run that resumes, and validates",
    async () => {
      const { codes, output } = (await run.result("command")) as {
        codes: number[];
        output: string;
      };
      expect(codes, output).toEqual([130, 0]);
      const steps = [...output.matchAll(/"type":"step","step":(\d+)/g)].map(([, step]) => step);
      expect(steps).toEqual(["0", "1", "2"]);
      expect(output).toMatch(/"type":"validation".*"skipped":\[\]/);
    },
    patience,
  );
});
