import { expect, test } from "vitest";
import {
  nameParameters,
  ones,
  Parameter,
  parametersOf,
  zeros,
} from "../../../src/engine/nn/index.ts";

class Layer {
  readonly weight = new Parameter([2, 3], ones);
  readonly size = 3;
  readonly nothing = null;
  readonly bias = new Parameter([2], zeros, false);
}

class Module {
  readonly first = new Layer();
  readonly blocks = [new Layer(), new Layer()];
  readonly scale = new Parameter([], ones);
}

test("parameters are named by their path through the fields, in the order of declaration", () => {
  const module = new Module();
  const expected = ["first.weight", "first.bias", "blocks.0.weight", "blocks.0.bias"];
  expected.push("blocks.1.weight", "blocks.1.bias", "scale");
  const parameters = nameParameters(module, () => "all");
  expect(parameters.map(({ name }) => name)).toEqual(expected);
  expect(parametersOf(module)).toEqual(parameters);
  expect(parametersOf(module.scale)).toEqual([module.scale]);
  expect(parameters.map(({ trainable }) => trainable)).toEqual([
    ...[true, false, true, false, true, false, true],
  ]);
  expect(parameters[0]!.tensor.shape).toEqual([2, 3]);
});

test("a parameter is in the group of the nearest module that has one", () => {
  const module = new Module();
  const groups = nameParameters(module, (part) => {
    if (part === module) return "outer";
    return part === module.blocks[1] ? "inner" : undefined;
  }).map(({ group }) => group);
  expect(groups).toEqual([...Array<string>(4).fill("outer"), "inner", "inner", "outer"]);
  expect(() =>
    nameParameters(new Module(), (part) => (part instanceof Layer ? "layers" : undefined)),
  ).toThrow("parameter: scale has no group; return one from groupOf");
});

test("a parameter without a name has neither tensor nor group", () => {
  const parameter = new Parameter([1], ones);
  expect(parameter.name).toBe("");
  for (const read of [() => parameter.tensor, () => parameter.group])
    expect(read).toThrow("parameter: it has no name yet; call nameParameters before using it");
});
