import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { lanesFor, mostLanes, validationLanes } from "../../../src/jobs/plan/lanes.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";

const config = parseConfig({ preset: "small", set: { "model.backbone": "mit_tiny" } });
const classes = ["cat", "dog"];
const network = networkOf(config, classes);
const trained = { file: "m", network, parameters: {}, config, classes, step: 0 };
const many = { images: 100, scales: [1], flip: false };
const machine = (cores: number, free: number) => ({ cores, freeMemory: () => free });
const roomy = machine(8, 64e9);

test("there is a lane for each core and image, four at most", () => {
  expect(lanesFor(trained, many, roomy)).toBe(4);
  expect(lanesFor(trained, many, { ...roomy, cores: 2 })).toBe(2);
  expect(lanesFor(trained, { ...many, images: 3 }, roomy)).toBe(3);
  expect(lanesFor(trained, { ...many, images: 1 }, roomy)).toBe(1);
  expect(lanesFor({ ...trained, network: null }, many, roomy)).toBe(4);
  const most = (images: number, cores: number) => mostLanes({ images }, { cores });
  expect([most(100, 8), most(100, 2), most(0, 8)]).toEqual([4, 2, 1]);
});

test("lanes share the memory that is free: larger views leave room for fewer, never for none", () => {
  const free = 2e9;
  const counts = [160, 640, 1280, 4000].map((longSide) =>
    lanesFor(trained, { ...many, longSide }, machine(8, free)),
  );
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  expect([counts[0], counts.at(-1)]).toEqual([4, 1]);
  const large = { ...many, longSide: 640 };
  const plain = lanesFor(trained, large, machine(8, free));
  const views = { ...large, scales: [1, 1.5], flip: true };
  expect(lanesFor(trained, views, machine(8, free))).toBeLessThan(plain);
});

test("a validation has a lane for each core and image too, as far as there is memory and views are small", () => {
  expect(validationLanes(network, config, 100, machine(2, 64e9))).toBe(2);
  expect(validationLanes(network, config, 1, machine(2, 64e9))).toBe(1);
  expect(validationLanes(network, config, 100, machine(2, 6e7))).toBe(1);
  const small = parseConfig({ preset: "small", set: { "eval.maxSide": 128 } });
  expect(validationLanes(network, small, 100, machine(2, 1e9))).toBe(2);
  const photographs = parseConfig({ preset: "small", set: { "eval.maxSide": 1280 } });
  expect(validationLanes(network, photographs, 100, machine(2, 64e9))).toBe(1);
  const large = { ...trained, config: photographs };
  const evaluation = { images: 100, scales: [1], flip: false, activations: true };
  expect(lanesFor(large, evaluation, machine(2, 64e9))).toBe(1);
  expect(lanesFor(large, { ...evaluation, activations: false }, machine(2, 64e9))).toBe(2);
});
