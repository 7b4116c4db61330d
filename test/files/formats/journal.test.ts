import { expect, test } from "vitest";
import { differingSettings } from "../../../src/files/formats/journal.ts";

test.each([
  ["aws s3 cp s3://b/{} -", "aws  s3 cp 's3://b/{}' -", true],
  ["cat {}", 'cat "{}"', true],
  ["cat {}", "cat -u {}", false],
  ["cat 'a b{}'", "cat a b{}", false],
  // A plan that was changed by hand.
  ["cat | {}", "cat | {}", true],
])("a command %j and one %j are the same: %j", (before, now, isSame) => {
  const differing = differingSettings({ inputCommand: before }, { inputCommand: now });
  const both = `inputCommand was ${JSON.stringify(before)}, is ${JSON.stringify(now)}`;
  expect(differing).toEqual(isSame ? [] : [both]);
});

test("other settings are compared as they are, a missing one as null", () => {
  expect(differingSettings({ a: [1], b: "x y" }, { a: [1], b: "x  y", c: 2 })).toEqual([
    'b was "x y", is "x  y"',
    "c was null, is 2",
  ]);
});
