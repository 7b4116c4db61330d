import { expect, test } from "vitest";
import {
  type Tensor,
  add,
  composite,
  exp,
  float32,
  gradients,
  input,
  mul,
  scalar,
  stopGradient,
  sumAll,
} from "../../../src/engine/graph/index.ts";
import { evaluate } from "../../network.ts";

test("the loss must be a scalar", () => {
  expect(() => gradients(exp(input("x", [2, 3])), [])).toThrow(
    "gradients: expected a scalar loss, found [2,3]",
  );
});

test("a parameter that the loss does not depend on has no gradient", () => {
  const [x, other] = [input("x", [2]), input("other", [2])];
  exp(other);
  const [dx, dother] = gradients(sumAll(x), [x, other]);
  expect(dx!.shape).toEqual([2]);
  expect(dother).toBeNull();
});

test("gradients of all uses of a value add up, and reach values between", async () => {
  const x = input("x", [2]);
  const y = mul(x, x);
  const loss = sumAll(add(mul(y, x), y)); // x³ + x²
  const [dx, dy, dloss] = gradients(loss, [x, y, loss]) as [Tensor, Tensor, Tensor];
  const results = await evaluate({ dx, dy, dloss }, { x: float32([2], [2, -3]) });
  expect([...results["dx"]!.data]).toEqual([16, 21]); // 3x² + 2x
  expect([...results["dy"]!.data]).toEqual([3, -2]); // x + 1
  expect([...results["dloss"]!.data]).toEqual([1]);
});

test("no gradient flows through stopGradient", async () => {
  const x = input("x", [2]);
  const y = stopGradient(mul(x, x));
  expect(gradients(sumAll(y), [x])).toEqual([null]);
  const [dx] = gradients(sumAll(mul(y, x)), [x]);
  const results = await evaluate({ y, dx: dx! }, { x: float32([2], [2, -3]) });
  expect([...results["y"]!.data]).toEqual([4, 9]);
  expect([...results["dx"]!.data]).toEqual([4, 9]);
});

test("a composite computes its inner tensors and has its own gradient, built only where needed", async () => {
  const [a, b] = [input("a", [2]), input("b", [2])];
  const asked: (readonly boolean[])[] = [];
  const [sum, product] = composite([a, b], [add(a, b), mul(a, b)], ([dsum], needs) => {
    asked.push(needs);
    return [dsum ? mul(dsum, 100) : null, null];
  }) as [Tensor, Tensor];
  const [da] = gradients(sumAll(sum), [a]);
  expect(asked).toEqual([[true, false]]);
  expect(gradients(sumAll(product), [a, b])).toEqual([null, null]);
  const feeds = { a: float32([2], [1, 2]), b: float32([2], [3, 4]) };
  const results = await evaluate({ sum, product, da: da! }, feeds);
  expect([...results["sum"]!.data]).toEqual([4, 6]);
  expect([...results["product"]!.data]).toEqual([3, 8]);
  expect([...results["da"]!.data]).toEqual([100, 100]);
});

test("a chain of 5,000 nodes does not overflow the stack", async () => {
  const x = input("x", []);
  let y: Tensor = x;
  for (let i = 0; i < 5000; i++) y = i % 2 === 0 ? mul(y, scalar(1 + i / 1e7)) : add(y, x);
  const [dx] = gradients(y, [x]);
  const results = await evaluate({ y, dx: dx! }, { x: float32([], [2]) });
  // y is linear in x.
  expect(results["dx"]!.data[0]).toBeCloseTo(Number(results["y"]!.data[0]) / 2, -1);
  expect(results["dx"]!.data[0]).toBeGreaterThan(2500);
});
