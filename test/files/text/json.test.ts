import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonScanner, type JsonPlace, type JsonVisitor } from "../../../src/files/text/json.ts";

/** Pushes a text in pieces of the given sizes, over and over. */
function scan(text: string, sizes: readonly number[], visitor: JsonVisitor): void {
  const bytes = new TextEncoder().encode(text);
  const scanner = new JsonScanner(visitor, { lines: true });
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    scanner.push(bytes.slice(at, at + size));
    at += size;
  }
  scanner.end();
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const indent = fc.constantFrom(undefined, 2);

test("lists of any values, cut into any pieces, give what JSON.parse gives, with places and lines", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), sizes, indent, (list, cuts, space) => {
      const text = JSON.stringify(list, null, space);
      const bytes = new TextEncoder().encode(text);
      const elements: unknown[] = [];
      scan(text, cuts, {
        member: () => "whole",
        value(element, place) {
          expect(place).toMatchObject({ kind: "element", index: elements.length });
          const before = bytes.subarray(0, place.offset);
          expect(place.line).toBe(1 + before.filter((byte) => byte === 10).length);
          const own = bytes.subarray(place.offset, place.offset + place.length);
          expect(new TextDecoder().decode(own)).toBe(element);
          elements.push(JSON.parse(element));
        },
      });
      expect(elements).toEqual(JSON.parse(text));
    }),
  );
});

test("members of an object are read whole, element by element, or skipped, whatever the pieces", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()),
      sizes,
      (object, cuts) => {
        const text = JSON.stringify({
          skipped: object,
          whole: object,
          list: [object, "ü", object],
        });
        const values: [JsonPlace["kind"], string | undefined, unknown][] = [];
        scan(text, cuts, {
          member: (key) => (key === "skipped" ? "skip" : key === "whole" ? "whole" : "elements"),
          value: (value, { kind, key }) => void values.push([kind, key, JSON.parse(value)]),
        });
        const parsed: unknown = JSON.parse(JSON.stringify(object));
        expect(values).toEqual([
          ["member", "whole", parsed],
          ["element", "list", parsed],
          ["element", "list", "ü"],
          ["element", "list", parsed],
        ]);
      },
    ),
  );
});

test.each([
  ["[1, 2", "it ends too early, at byte 5"],
  ["[1 2]", '"2" where "," or "]" in the list is expected, at byte 3'],
  ['{"ä": 1,}', '"}" where a key in quotes is expected, at byte 9'],
  ["[1] x", '"x" where nothing after the end is expected, at byte 4'],
])("%s is refused with the byte", (text, message) => {
  const visitor: JsonVisitor = { member: () => "whole", value: () => undefined };
  for (const size of [1, 3, 100]) expect(() => scan(text, [size], visitor)).toThrow(message);
});
