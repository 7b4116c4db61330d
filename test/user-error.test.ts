import { expect, test } from "vitest";
import { excerpt, UserError, withExcerpts } from "../src/user-error.ts";

test("a message quotes 200 characters of a value and says how many there are", () => {
  const { message } = new UserError(
    `a.json: its label "${"x y ".repeat(2500)}" is not one of "cat"`,
  );
  expect(message).toBe(
    `a.json: its label "${"x y ".repeat(50)}… (10000 characters)" is not one of "cat"`,
  );
  expect(excerpt("c".repeat(200))).toBe("c".repeat(200));
  expect(excerpt(`${"c".repeat(199)}😀`)).toBe(`${"c".repeat(199)}… (201 characters)`);
});

test("words without quotes are cut too, but paths of any length stay whole", () => {
  const path = `/data/${"folder/".repeat(100)}masks.json`;
  expect(withExcerpts(`${path}: class ${"7".repeat(300)}; expected 0 to 3`)).toBe(
    `${path}: class ${"7".repeat(200)}… (300 characters); expected 0 to 3`,
  );
});

test("a message is one line, whatever a value holds", () => {
  const { message } = new UserError('a.txt: class 1, "cat\n\tdog\u2028\0", is unknown');
  expect(message).toBe('a.txt: class 1, "cat dog ", is unknown');
});

test("quotes in a quoted value do not end it", () => {
  const { message } = new UserError(`a.json: found ${JSON.stringify('{"a b":'.repeat(500))}`);
  expect(message.length).toBeLessThan(260);
});

test("of a message that is too long the beginning and the end are left", () => {
  const { message } = new UserError(`a.zip: ${"one name ".repeat(500)}; give another file`);
  expect(message.length).toBeLessThan(1000);
  expect(message).toMatch(/^a\.zip: one name .*… .*; give another file$/);
});
