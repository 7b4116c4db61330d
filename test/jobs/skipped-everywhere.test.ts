import { expect, test } from "vitest";
import { skippedEverywhere } from "../../src/jobs/run-training.ts";
import { pretendExchange } from "../pretend-exchange.ts";

test("an image that several processes have left out is named once", async () => {
  const image = (name: string) => ({ file: `${name}.png`, reason: "not a readable image: ö" });
  const own = [[image("b"), image("a")], [], [image("a"), image("c")]];
  const all = await Promise.all(
    pretendExchange(3).map((exchange) => skippedEverywhere(exchange, own[exchange.rank]!)),
  );
  for (const names of all) expect(names).toEqual([image("b"), image("a"), image("c")]);
});
