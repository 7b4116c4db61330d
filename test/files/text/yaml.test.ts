import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/user-error.ts";
import { parseYaml, parseYamlFile, yamlOf } from "../../../src/files/text/yaml.ts";
import { parseYamlSync, writeYamlSync, YamlError } from "../../../src/files/text/yaml-sync.ts";

/** What a text that cannot be read is refused with. */
function refusal(text: string): YamlError {
  try {
    const value = parseYamlSync(text);
    throw new Error(`read as ${JSON.stringify(value)}`);
  } catch (error) {
    expect(error).toBeInstanceOf(YamlError);
    return error as YamlError;
  }
}

/** Levels of nesting, each within the one before it. */
const nested = (levels: number, line: (level: number) => string): string =>
  Array.from({ length: levels }, (_, level) => line(level)).join("\n");

describe("a text is read", () => {
  test.each<[string, unknown]>([
    ["", null],
    ["# nothing\n", null],
    ["---\n", null],
    ["\ufeffa: 1\r\nb:\r\n  - c\r\n", { a: 1, b: ["c"] }],
    ["[1e-3, .5, 0x1f, 0o17, 010, -2E+3]", [1e-3, 0.5, 31, 15, 10, -2000]],
    ["[1_000, 1:30, 0b11, 2020-01-01]", ["1_000", "1:30", "0b11", "2020-01-01"]],
    ["[no, yes, on, off, y, n]", ["no", "yes", "on", "off", "y", "n"]],
    ["[null, ~, true, False]", [null, null, true, false]],
    ["[.nan, .inf, -.Inf, 1e999]", [NaN, Infinity, -Infinity, "1e999"]],
    ["{1: b, 0: a}", { 0: "a", 1: "b" }],
    ["a: &a {b: 1}\nc: {<<: *a}", { a: { b: 1 }, c: { "<<": { b: 1 } } }],
    ["a: &a [1]\nb: [*a, *a]", { a: [1], b: [[1], [1]] }],
    ["a: 1\n...\n", { a: 1 }],
  ])("%j", async (text, value) => {
    expect(await parseYaml(text)).toEqual(value);
    expect(parse(text.replace("1e999", "'1e999'"))).toEqual(value);
  });

  test.each([
    ["names: [\n  a,\n  b\n]\nnc: 2\n", { names: ["a", "b"], nc: 2 }],
    ["a:\n  - b: {\n      c: 1\n    }\n  - [\n  ]\n", { a: [{ b: { c: 1 } }, []] }],
    ["a: [\r\n  1\r\n]\r\nb: |\r\n  [\r\n  ]\r\n", { a: [1], b: "[\n]\n" }],
  ])("with its closing brackets at the margin: %j", (text, value) => {
    expect(parseYamlSync(text)).toEqual(value);
    expect(parse(text)).toEqual(value);
  });

  test.each<[string, unknown]>([
    ["names:\t['a',\t'b']", { names: ["a", "b"] }],
    ["-\t['a']", [["a"]]],
    ["- \t{a:\t1}", [{ a: 1 }]],
    ["a: [\t \t1 \t,2]", { a: [1, 2] }],
    ["[\n  1\n\t]", [1]],
    ["a: [\"\t\",\t'\t\t' ]", { a: ["\t", "\t\t"] }],
  ])("with tabs before and in a list: %j", (text, value) => {
    expect(parseYamlSync(text)).toEqual(value);
    expect(parse(text)).toEqual(value);
  });

  test("with a key __proto__, which changes no prototype", () => {
    for (const text of ["__proto__: {a: 1}", "a: &x {__proto__: {a: 1}}\n<<: *x"]) {
      const value = parseYamlSync(text) as object;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(value).not.toHaveProperty("a.a");
    }
    expect(Object.keys(parseYamlSync("__proto__: {a: 1}") as object)).toEqual(["__proto__"]);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  test("that is long and indented in places, but not deep", () => {
    const text = `names:\n${"  - [a, {b: c}]\n".repeat(1000)}x: {a: [1, 2]}\n`;
    expect(parseYamlSync(text)).toEqual(parse(text));
    expect(parseYamlSync(`${"[".repeat(99)}${"]".repeat(99)}`)).toBeInstanceOf(Array);
    expect(parseYamlSync(`a: |\n${" ".repeat(300)}b\n`)).toEqual({ a: "b\n" });
  });
});

describe("a text is refused with the line that is wrong:", () => {
  const bomb = (times: number) =>
    `a: &a [x]\n${[..."bcdefgh"]
      .map((name, i) => `${name}: &${name} [${`*${"abcdefgh"[i]},`.repeat(times)}]\n`)
      .join("")}`;
  test.each<[string, string, number | undefined, RegExp]>([
    ["a key that is there twice", "a: 1\nb:\n  c: 1\n  c: 2\n", 4, /duplicated/],
    ["the number of a key that is there twice", "0: a\n1: b\n'1': c\n", 3, /duplicated/],
    ["an alias of nothing", "a: 1\nb: *x\n", 2, /unidentified alias "x"/],
    ["many aliases", `a: &a x\nb: [${"*a, ".repeat(10)}]\n`, 2, /more than 9 aliases/],
    ["aliases of many aliases", bomb(9), 3, /more than 9 aliases/],
    ["aliases of two aliases", bomb(2), 6, /more than 9 aliases/],
    ["a list in itself", "a: 1\nb: &b [*b]\n", 2, /^recursive alias "b"$/],
    ["a map in itself", "a: &a\n  b: *a\n", 2, /^recursive alias "a"$/],
    ["a tag", "a: 1\nb: !!js/function 'f'\n", 2, /unknown .*js\/function/],
    ["another tag", "a: 1\nb: !foo [1]\n", 2, /unknown .*!foo/],
    ["a map as a key", "a: 1\n? {b: 1}\n: 2\n", undefined, /a list or map cannot be a key/],
    ["two documents", "a: 1\n---\nb: 2\n", 2, /more than one document/],
    ["two documents with their marks", "---\na: 1\n...\n---\nb: 2\n", 4, /more than one document/],
    ["a tab before a key", "a:\n\tb: 1\n", 2, /tab|indent/],
    ["an open list", "a: 1\nb: [1,\n", 3, /not closed/],
    ["a list that goes on at the margin", "a: 1\nb: [1,\n2]\n", 3, /without an indentation/],
    ["a tab before a list", "a: 1\nb:\n\t[1]\n", 3, /tab characters/],
    ["a quote in quotes", "a: 1\nb: 'it's'\n", 2, /quotes around it/],
    ["a letter that YAML keeps for itself", "a: 1\nb: [@a]\n", 2, /quotes around it/],
    ["a colon without a space", "nc:3\nnames: [a]\n", 2, /a space may be missing after a colon/],
    ["hundreds of thousands of documents", "---\n".repeat(300_000), 2, /more than one document/],
    ["an unprintable letter", "a: 1\nb: c\u0007\n", 2, /printable/],
  ])("%s", (_, text, line, message) => {
    const error = refusal(text);
    expect([error.line, error.message]).toEqual([line, expect.stringMatching(message)]);
    expect(error.message).not.toContain("\n");
  });

  const many = 100_000;
  test.each<[string, string]>([
    ["brackets", "[".repeat(many)],
    ["brackets that close", `${"[".repeat(many)}${"]".repeat(many)}`],
    ["braces", "{a: ".repeat(many)],
    ["lists in a line", `a:\n  ${"- ".repeat(many)}b`],
    ["keys in a line", "? ".repeat(many)],
    ["values in a line", ": ".repeat(many)],
    ["all of them", "- ? : ".repeat(many)],
    ["anchors", "&a [".repeat(many)],
    ["blocks", nested(2000, (level) => `${" ".repeat(level)}a:`)],
    ["lists", nested(2000, (level) => `${" ".repeat(level)}-`)],
  ])("%s that are nested too deeply, at once", (_, text) => {
    const error = refusal(text);
    expect(error.message).toBe("it is nested more than 100 levels deep");
    expect(error.line).toBeGreaterThan(0);
  });

  test("brackets at the margin, at once where there are too many", () => {
    const text = `a:\n${"- [\n  1\n]\n".repeat(50_000)}`;
    expect(refusal(text)).toMatchObject({ line: 10, message: expect.stringMatching(/too long for/) as string }); // prettier-ignore
  });

  test("a file, by its path too", async () => {
    const reading = parseYamlFile("a: 1\na: 2\n", "x/data.yaml");
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(
      /^x\/data\.yaml:2: not readable as YAML: duplicated[^\n]*$/,
    );
    expect(await parseYamlFile("a: 1", "x")).toEqual({ a: 1 });
  });
});

describe("what is written", () => {
  const python =
    "no yes on off y n Y No NO true null ~ << = 1:30 190:20:30 1:30.5 012 08 0o17 0x1f 0b11 1_000 1_0e3 1e3 e5 -e9 0x 0x_ 0b_ 1__ _ 2020-99-99 --- ---x ... 1e999 705e875 . .5 +.5 .inf .NaN - ? : | > 2020-01-01 2001-12-14t21:59:43.10-05:00 !x &x *x %x @x `x # , [ ] { } '' \"".split(
      " ",
    );

  test.each(python)("a text %s stays a text in YAML 1.1 and 1.2", async (text) => {
    const value = { [text]: text, list: [text, [text, { [text]: [text] }]] };
    const written = await yamlOf(value);
    expect(parseYamlSync(written)).toEqual(value);
    expect(parse(written)).toEqual(value);
    expect(parse(written, { version: "1.1" })).toEqual(value);
  });

  // Lone surrogates become another letter in every file.
  const letters = fc.string({ unit: "grapheme", maxLength: 20 });
  const odd = fc.constantFrom(
    ...["\n", " ", "\t", "\r", "\0", "\u0007", "\u007f", "\u0085", "\u00a0", "\u2028", "\u2029"],
    ...["\ufeff", "\ufffe", "\u{1f600}", "# ", ": ", "- ", "'", '"', "\\", "---", "...", "a", "1"],
  );
  const numeric = fc.constantFrom(..."0123456789_.eE+-:xobTZ");
  const texts = fc.oneof(
    letters,
    fc.string({ unit: odd, maxLength: 8 }),
    fc.string({ unit: odd, minLength: 100, maxLength: 300 }),
    fc.string({ unit: numeric, maxLength: 7 }),
    fc.constantFrom("word ".repeat(300), "é".repeat(2000), ...python),
  );
  const keys = texts.filter((key) => key !== "__proto__");
  const { maps } = fc.letrec<{ maps: unknown; values: unknown }>((tie) => ({
    values: fc.oneof(
      { depthSize: "small" },
      texts,
      fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 1e21, 1e-7, 5e-324)),
      fc.constantFrom(true, false, null),
      fc.array(tie("values"), { maxLength: 4 }),
      tie("maps"),
    ),
    maps: fc.dictionary(fc.oneof(keys, fc.nat().map(String)), tie("values"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  }));

  test("is read back as it was, by another reader and as YAML 1.1 too", () => {
    fc.assert(
      fc.property(maps, (value) => {
        const written = writeYamlSync(value);
        expect(parseYamlSync(written)).toStrictEqual(value);
        expect(parse(written)).toStrictEqual(value);
        expect(parse(written, { version: "1.1", logLevel: "error" })).toStrictEqual(value);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test("has quotes around what Python takes for a number or date that is wrong, or for a new document", () => {
    const doubtful = ["0x_", "0b", "2020-99-99", "1e5"];
    expect(writeYamlSync(doubtful)).toBe(doubtful.map((text) => `- "${text}"\n`).join(""));
    expect(writeYamlSync({ a: 1, "--- b": "two" })).toBe('a: 1\n"--- b": two\n');
  });

  test("has blocks of two spaces, long lines as they are, and nothing of what is undefined", () => {
    const long = "word ".repeat(40).trim();
    const shared = [1, 2.5];
    const value = {
      a: { b: shared, c: shared, d: [] },
      e: undefined,
      f: {},
      g: [{ h: 1, i: long }],
    };
    expect(writeYamlSync(value)).toBe(
      `a:\n  b:\n    - 1\n    - 2.5\n  c:\n    - 1\n    - 2.5\n  d: []\nf: {}\ng:\n  - h: 1\n    i: ${long}\n`,
    );
  });
});
