import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { invocation } from "../../src/cli/invocation.ts";
import { commandLine } from "../built.ts";
import { Output, wantsColor } from "../../src/cli/output.ts";

const terminal = { write: () => true, isTTY: true };
const pipe = { write: () => true };

test.each([
  [pipe, {}, false],
  [pipe, { CI: "true" }, false],
  [pipe, { CI: "true", FORCE_COLOR: "1" }, true],
  [terminal, {}, true],
  [terminal, { TERM: "dumb" }, false],
  [terminal, { FORCE_COLOR: "0" }, false],
  [terminal, { NO_COLOR: "1" }, false],
  [terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
])("color for %j with %j: %s", (stream, env, expected) => {
  expect(wantsColor(stream, env)).toBe(expected);
});

function printed(color: boolean, write: (output: Output) => void): string {
  let text = "";
  const stream = { write: (more: string) => (text += more) };
  write(new Output({ stdout: stream, stderr: stream, color, now: () => 0 }, false, ""));
  return text;
}

test("no control character of a tag or file name gets to the terminal", () => {
  const evil = "a\x1b]0;title\x07\x1b[2Jb\x9b1m\rc\x7f";
  for (const color of [false, true]) {
    for (const write of [(o: Output) => o.say(evil), (o: Output) => o.note(evil)]) {
      const text = printed(color, write);
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
      expect(text).toContain("]0;title");
    }
  }
  const later = printed(false, (output) => {
    output.noteLater("\x1b[31mred");
    output.note("now");
  });
  expect(later).toBe("\ufffd[31mred\nnow\n");
});

test("lines, tabs and our own colors stay", () => {
  const table = "\x1b[1mhead\x1b[22m\n\tcell";
  expect(printed(true, (output) => output.say(table))).toBe(`${table}\n`);
});

test("hints begin as the user called the program", () => {
  expect(invocation({})).toBe("tag2mask");
  expect(invocation({ npm_lifecycle_event: "demo" })).toBe("npm run tag2mask --");
  expect(invocation({ npm_lifecycle_event: "tag2mask" })).toBe("npm run tag2mask --");
  expect(invocation({ npm_lifecycle_event: "npx" })).toBe("tag2mask");
});

test("results that cannot be written end the command with the reason", () => {
  const full = Object.assign(new Error("write"), { code: "ENOSPC" });
  const disk: { failure?: Error } = {};
  const written: string[] = [];
  const stdout = { write: (text: string) => void written.push(text) };
  const output = new Output(
    { stdout, stderr: stdout, color: false, now: () => 0, failure: () => disk.failure },
    true,
    "tag2mask train",
  );
  output.record(1);
  disk.failure = full;
  expect(() => output.record(2)).toThrow(
    "standard output: cannot be written: no space left on the disk; free some or write elsewhere",
  );
  expect(written).toEqual(["1\n"]);
});

test.skipIf(process.platform !== "linux")("a full disk behind stdout ends in one line", () => {
  const command = `"${[process.execPath, ...commandLine].join('" "')}" --help >/dev/full`;
  const { status, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  expect(stderr).toMatch(/^tag2mask: standard output: cannot be written: no space left .*\n$/);
  expect(status).toBe(1);
});
