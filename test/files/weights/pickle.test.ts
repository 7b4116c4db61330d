import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/user-error.ts";
import {
  readPickle,
  readPickleAt,
  type PickleFunction,
} from "../../../src/files/weights/pickle.ts";
import { py } from "./torch-writer.ts";

const globals = new Map<string, PickleFunction>([
  ["collections.OrderedDict", () => new Map()],
  ["our.list", (...args) => args],
  ["our.thing", () => ({ state: null as unknown, __setstate__: remember })],
]);

function remember(this: { state: unknown }, state: unknown): void {
  this.state = state;
}

function read(...pieces: (string | number | Uint8Array)[]): unknown {
  return readPickle(py.raw(...pieces), { source: "x.pkl", globals });
}

// What `python3 -c "pickle.dumps(value, protocol)"` gives for a value of every kind.
const everything: readonly (readonly [protocol: number, hex: string])[] = [
  [
    2,
    "80027d7100285801000000617101" +
      "4b01" +
      "5801000000627102" +
      "5d710328474004000000000000" +
      "4e88" +
      "4af9ffffff" +
      "8a09000000000000000040" +
      "5802000000c3a9" +
      "65752e",
  ],
  [
    4,
    "80049500000000000000007d94288c016194" +
      "4b01" +
      "8c016294" +
      "5d9428474004000000000000" +
      "4e88" +
      "4af9ffffff" +
      "8a09000000000000000040" +
      "8c02c3a994" +
      "65752e",
  ],
];

test.each(everything)("protocol %i: values of every kind", (_, hex) => {
  const value = read(Buffer.from(hex, "hex"));
  const list = [2.5, null, true, -7, 2n ** 70n, "é"];
  expect(value).toEqual(new Map<string, unknown>([["a", 1], ["b", list]])); // prettier-ignore
});

test("protocol 0 is text: numbers, booleans, quoted and escaped strings", () => {
  const text = "(lI7\naI01\naL-12L\naF-1.5e3\naS'caf\\xe9\\n\\'x\\''\naVa\\u00e9\\U0001f600\na.";
  expect(read(text)).toEqual([7, true, -12, -1500, "café\n'x'", "aé😀"]);
});

test("texts of Python 2 are one character a byte, bytes are views", () => {
  expect(read("T", 3, 0, 0, 0, 0x80, 0xff, 0x41, ".")).toBe("\x80\xffA");
  const file = py.raw("C", 2, 7, 8, ".");
  const bytes = readPickle(file, { source: "x", globals }) as Uint8Array;
  expect([...bytes]).toEqual([7, 8]);
  expect(bytes.buffer).toBe(file.buffer);
});

test("integers of any width keep their sign", () => {
  for (const [hex, value] of [
    ["8a00", 0],
    ["8a01ff", -1],
    ["8a02ff00", 255],
    ["8a080000000000000080", -(2n ** 63n)],
    ["8b0200000000ff", -256],
  ] as const) {
    expect(read(Buffer.from(hex, "hex"), ".")).toBe(value);
  }
});

test("values stored once are the same value wherever they are fetched", () => {
  const [first, second] = read("(]q\x05Nah\x05l.") as [unknown[], unknown[]];
  expect(first).toBe(second);
});

test("an object takes its state; a dictionary has attributes that are not its items", () => {
  const thing = read("cour\nthing\n)RK\x05b.") as { state: unknown };
  expect(thing.state).toBe(5);
  const map = read("ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aK\x01sb.");
  expect(map).toEqual(new Map());
});

test("one pickle after another: each tells where it ends", () => {
  const bytes = py.raw("K\x01.", "K\x02.");
  const first = readPickleAt(bytes, 0, { source: "x", globals });
  expect(readPickleAt(bytes, first.end, { source: "x", globals })).toEqual({ value: 2, end: 6 });
});

describe("a pickle may ask for any function; it is told no by name", () => {
  const asks: readonly (readonly [how: string, pickle: string])[] = [
    ["GLOBAL and REDUCE", "cos\nsystem\n(X\x04\x00\x00\x00trueltR."],
    ["GLOBAL alone", "cos\nsystem\n."],
    ["STACK_GLOBAL", "\x8c\x02os\x8c\x06system\x93."],
    ["INST", "(X\x04\x00\x00\x00trueios\nsystem\n."],
    ["OBJ", "(cos\nsystem\nX\x04\x00\x00\x00trueo."],
    ["NEWOBJ", "cos\nsystem\n)\x81."],
  ];
  test.each(asks)("%s", (_, pickle) => {
    const message = /^x\.pkl: its pickle asks for os\.system, .* nothing in the file was executed/;
    expect(() => read(pickle)).toThrow(message);
  });

  test("names cannot be made to look like others, nor reach into objects", () => {
    for (const name of ["constructor", "__proto__", "toString"]) {
      expect(() => read(`cour\n${name}\n.`)).toThrow(`our.${name}`);
      expect(() => read(`c${name}\n\n.`)).toThrow(UserError);
    }
    expect(() => read("c\x1b[31m\n\x07\n.")).toThrow('asks for "\\u001b[31m.\\u0007"');
  });

  test("functions of ours cannot be given a state, nor values be called", () => {
    expect(() => read("cour\nthing\n}X\x04\x00\x00\x00nameNsb.")).toThrow(/state to plain data/);
    expect(() => read("]K\x01b.")).toThrow(/state to plain data/);
    expect(() => read("N)R.")).toThrow(/calls a value that is not a function/);
    expect(() => read("\x82\x01.")).toThrow(/extension code/);
    expect(() => read("PX\n.")).toThrow(/outside the pickle/);
  });

  test("a key called __proto__ is a key", () => {
    const map = read("}X\x09\x00\x00\x00__proto__}X\x01\x00\x00\x00aNss.") as Map<string, unknown>;
    expect([...map.keys()]).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });
});

describe("made to harm", () => {
  const many = (piece: string, count: number): string => piece.repeat(count);
  const bombs: readonly (readonly [name: string, pickle: string, message: RegExp])[] = [
    ["lists that hold the last one twice, 60 times", `]${many("q\x00(h\x00h\x00l", 60)}.`, /unfolds to more than/],
    ["a list that contains itself", "]q\x00h\x00a.", /contains itself/],
    ["a list nested 10,000 deep", `${many("(", 10_000)}${many("l", 10_000)}.`, /nested deeper than 200/],
    ["twenty million marks", many("(", 20_000_000), /more than 256 MiB/],
    ["two million dictionaries", many("}", 2_000_000), /more than 256 MiB/],
    ["twenty million copies of nothing", `N${many("2", 20_000_000)}`, /more than 256 MiB/],
    ["half a million long integers", many(`\x8a\x80${many("\x7f", 128)}`, 500_000), /more than 256 MiB/],
    ["an integer of four gigabytes", "\x8b\xff\xff\xff\xff.", /needs 4294967295 more bytes/],
    ["bytes that go back to where they are", "B\xf6\xff\xff\xff.", /needs 4294967286 more bytes/],
    ["bytes beyond all numbers", "\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", /needs \d+ more bytes/],
    ["a text that is not UTF-8", "X\x01\x00\x00\x00\xff.", /not UTF-8/],
    ["a million arguments", `cour\nlist\n(${many("N", 1_000_000)}tR.`, /up to 256 values/],
    ["a list that is handed to a function a thousand times", `](${many("N", 100_000)}e\x85q\x000${many("cour\nlist\nh\x00R", 1000)}.`, /more than 256 MiB/],
    ["a decimal integer of a million digits", `L${many("9", 1_000_000)}\n.`, /is not an integer/],
    ["a line without an end", `I${many("1", 1000)}`, /more bytes/],
    ["nothing on the stack", "0.", /mark that was never set/],
    ["a value that was never stored", "h\x00.", /never stored/],
    ["items of a value that is not a dictionary", "]K\x01K\x02s.", /not a dictionary/],
    ["a key without a value", "}(K\x01u.", /without a value/],
    ["a protocol of the future", "\x80\x09N.", /protocol 9, but only 0 to 5 are read/],
    ["an operation that is none", "\xee.", /unknown operation 238/],
    ["nothing at all", "", /more bytes/],
  ]; // prettier-ignore

  test.each(bombs)("%s is refused at once", (_, pickle, message) => {
    const bytes = py.raw(pickle);
    const before = process.cpuUsage();
    expect(() => readPickle(bytes, { source: "x", globals })).toThrow(message);
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000); // microseconds of work, not of waiting
    expect(() => readPickle(bytes, { source: "x", globals, maxMemory: 1000 })).toThrow(UserError);
  });
});
