import { CommanderError } from "commander";
import { mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { explainFailure, explainUsage, failureRecord, wantsJson } from "../../src/cli/failure.ts";
import { Interrupted } from "../../src/cli/interrupt.ts";
import { UserError } from "../../src/user-error.ts";

const quiet = { command: "tag2mask train", debug: false };

function fail(error: Error): never {
  throw error;
}

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("a failure", () => {
  test("of the user's making is its message alone", () => {
    const failure = explainFailure(new UserError("data photos: no such folder"), quiet);
    expect(failure).toEqual({ text: "tag2mask train: data photos: no such folder", code: 1 });
  });

  test("of the file system names the file and shows no stack", () => {
    let error: unknown;
    try {
      mkdirSync("/no-such-folder/inside");
    } catch (thrown) {
      error = thrown;
    }
    const { text, code } = explainFailure(error, quiet);
    expect([text.includes("/no-such-folder/inside"), text.includes("\n"), code]).toEqual([
      true,
      false,
      1,
    ]);
    expect(text).not.toContain("TAG2MASK_DEBUG");
  });

  test.each([
    ["of JavaScript", () => new ArrayBuffer(2 ** 52)],
    ["of a list", () => new Array(2 ** 33)],
    ["of an array", () => new Float32Array(2 ** 52)],
    ["of WebAssembly", () => fail(new RangeError("could not allocate memory"))],
    ["of ONNX Runtime", () => fail(new Error("[ONNXRuntimeError] : 6 : std::bad_alloc"))],
  ])("for want of memory %s says so in one line", (_, allocate) => {
    const { text, code } = explainFailure(thrownBy(allocate), quiet);
    expect(text).toMatch(/^tag2mask train: not enough memory \(.+\); close other programs, or .*$/);
    expect(text).not.toContain("TAG2MASK_DEBUG");
    expect(code).toBe(1);
  });

  test("for want of open files names the limit to raise", () => {
    const error = Object.assign(new Error("EMFILE: too many open files, open 'a.png'"), {
      ...{ code: "EMFILE", syscall: "open", path: "a.png" },
    });
    expect(explainFailure(error, quiet)).toEqual({
      text: "tag2mask train: a.png: too many open files; raise the limit with `ulimit -n`",
      code: 1,
    });
  });

  test("that nobody expected is one line that tells how to see more", () => {
    const { text, code } = explainFailure(
      new RangeError("matmul: inner axes differ\n 3 against 4"),
      quiet,
    );
    expect(text).toBe(
      "tag2mask train: matmul: inner axes differ; 3 against 4 (unexpected error; set TAG2MASK_DEBUG=1 to see where it occurs)",
    );
    expect(code).toBe(1);
  });

  test("shows its stack when debugging", () => {
    const { text } = explainFailure(new RangeError("bad"), { ...quiet, debug: true });
    expect(text).toMatch(/RangeError: bad\n +at /);
  });

  test("of usage has been printed already", () => {
    expect(explainFailure(new CommanderError(1, "x", "y"), quiet)).toEqual({ text: "", code: 2 });
    expect(explainFailure(new CommanderError(0, "x", "y"), quiet)).toEqual({ text: "", code: 0 });
  });

  test("by Ctrl-C has the shell's exit code", () => {
    expect(explainFailure(new Interrupted("stopped at step 7"), quiet)).toEqual({
      text: "tag2mask train: stopped at step 7",
      code: 130,
    });
  });

  test("cannot smuggle terminal codes out of a file name", () => {
    const { text } = explainFailure(new UserError("a\x1b[31mb.jpg: broken"), quiet);
    expect(text).toBe("tag2mask train: a [31mb.jpg: broken");
  });
});

test.each([
  [
    "error: unknown option '--dta'\n(Did you mean --data?)\n",
    "x: unknown option '--dta'; did you mean --data?",
  ],
  [
    "error: missing required argument 'data'\n",
    "x: missing required argument 'data'; see x --help",
  ],
])("usage: %j", (complaint, text) => {
  expect(explainUsage(complaint, "x")).toBe(text);
});

describe("a failure for programs", () => {
  const missing = { kind: "option", name: "out", value: "<folder>" } as const;
  test.each<[unknown, string, string]>([
    [new UserError("a: no such folder", { code: "not-found" }), "not-found", "a: no such folder"],
    [new UserError("shards need a folder", { remedies: [missing] }), "invalid-input", "shards need a folder; give --out <folder>"],
    [new Interrupted("stopped at step 7"), "interrupted", "stopped at step 7"],
    [Object.assign(new Error("EIO: i/o error"), { code: "EIO", syscall: "read" }), "eio", expect.any(String) as string],
    [new RangeError("Array buffer allocation failed"), "out-of-memory", expect.stringContaining("not enough memory") as string],
    [new TypeError("x is not\na function"), "unexpected", "x is not; a function"],
    ["thrown", "unexpected", "thrown"],
  ])("%s has the code %j and one line", (error, code, message) => {
    expect(failureRecord(error)).toEqual({ type: "error", code, message });
  }); // prettier-ignore

  test("of the command line has the complaint; help is none", () => {
    const complaint = "tag2mask data: unknown option '--x'; see tag2mask data --help";
    const message = complaint.slice("tag2mask data: ".length);
    const wrong = new CommanderError(1, "x", "y");
    expect(failureRecord(wrong, complaint)).toEqual({ type: "error", code: "usage", message });
    expect(failureRecord(new CommanderError(0, "x", "y"))).toBeUndefined();
  });

  test.each([
    [["data", "--json"], true],
    [["data", "--", "--json"], false],
    [["data"], false],
  ])("is asked for by %j: %j", (args, wanted) => {
    expect(wantsJson(args)).toBe(wanted);
  });
});
