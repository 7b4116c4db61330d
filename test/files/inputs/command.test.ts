import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseCommand } from "../../../src/files/inputs/command.ts";
import { inputHost } from "../../../src/files/inputs/input-host.ts";
import { itemOfName } from "../../../src/files/inputs/name-list.ts";
import { RecentBytes } from "../../../src/files/inputs/recent-bytes.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { UserError } from "../../../src/user-error.ts";

const folder = mkdtempSync(join(tmpdir(), "tag2mask-"));
afterAll(() => rmSync(folder, { recursive: true }));

let scripts = 0;

/** A command that runs a script of Node's with a name. */
function scriptOf(code: string, place = "{}"): string {
  const file = join(folder, `script-${scripts++}.mjs`);
  writeFileSync(file, code);
  return `'${process.execPath}' '${file}' ${place}`;
}

/** Reads a name through a command. */
function read(name: string, inputCommand: string, signal?: AbortSignal): Promise<Uint8Array> {
  return inputHost(nodeHost, [itemOfName(name)], { inputCommand, signal }).store.read(name);
}

const echo = scriptOf("process.stdout.write(process.argv[2]);");
const cat = scriptOf(
  'import { readFileSync } from "node:fs"; process.stdout.write(readFileSync(process.argv[2]));',
  join(folder, "store/{}"),
);

describe("a command is split once, and", () => {
  const cases: readonly [text: string, args: readonly string[]][] = [
    ["aws s3 cp s3://bucket/{} -", ["aws", "s3", "cp", "s3://bucket/{}", "-"]],
    [`curl -H "A: b c" 'https://x/{}?a=1&b'`, ["curl", "-H", "A: b c", "https://x/{}?a=1&b"]],
    [`cat --x="a b"/{}`, ["cat", "--x=a b/{}"]],
    [`cat 'it'\\''s' {} {}`, ["cat", "it's", "{}", "{}"]],
  ];
  test.each(cases)("%s has its quotes taken off", (text, args) => {
    expect(parseCommand(text)).toEqual(args);
  });

  const refused: readonly [text: string, part: string][] = [
    ["cat {} | head", 'has "|" outside of quotes, which only a shell understands'],
    ["cat {}; rm x", 'has ";" outside'],
    ["cat {} > /tmp/x", 'has ">" outside'],
    ["cat $HOME/{}", 'has "$HOME" outside'],
    ['cat "$(id)" {}', 'has "$'],
    ["cat *.jpg {}", 'has "*.jpg" outside'],
    ["cat {} # all", 'has "#" outside'],
    ["cat '{}", "has a quote without its end"],
    ["cat x", "has no {}, the place for the name of an image"],
    ["{} x", "has {} in the name of its program"],
    ["  ", "names no program"],
  ];
  test.each(refused)("%s is refused", (text, part) => {
    expect(() => parseCommand(text)).toThrow(UserError);
    expect(() => parseCommand(text)).toThrow(part);
  });
});

describe("the name of an image is data:", () => {
  const touched = join(folder, "touched");
  const names = [
    `it's "quoted".jpg`,
    "two  spaces.jpg",
    `$(touch ${touched}).jpg`,
    `\`touch ${touched}\``,
    `a.jpg; touch ${touched}`,
    "$HOME/$&/$1/{}.jpg",
    "--version",
    "日本.jpg",
    "a\\b.jpg",
  ];
  test.each(names)("%s", async (name) => {
    const place = name.startsWith("-") ? "./{}" : "{}";
    const command = echo.replace("{}", place);
    const text = new TextDecoder().decode(await read(name, command));
    expect(text).toBe(place.replace("{}", () => name));
    expect(existsSync(touched)).toBe(false);
  });

  test("one that begins with a dash is refused where it would be an option", async () => {
    await expect(read("--version", echo)).rejects.toThrow(
      /^--version: begins with "-", so .* would take it for an option; put something before {}, as in \.\/{}$/,
    );
  });
});

describe("an image is left out with one line if its command", () => {
  const cases: readonly [title: string, command: string, message: RegExp][] = [
    ["fails", scriptOf('console.error("\\nfatal: no such key\\nmore"); process.exit(3);'), /^a\.jpg: .*node ended with exit code 3: fatal: no such key$/],
    ["is ended by a signal", scriptOf('process.kill(process.pid, "SIGTERM"); setInterval(() => 0, 9);'), /^a\.jpg: .*node ended with SIGTERM$/],
    ["gives nothing", scriptOf('console.error("empty");'), /^a\.jpg: .*node gave no output: empty$/],
    ["is missing", "no-such-program-here {}", /^a\.jpg: no-such-program-here cannot be started: no such program; install it, or give its path$/],
    ["is no program", `${folder} {}`, /^a\.jpg: .* cannot be started: it is not a program that may be run$/],
  ]; // prettier-ignore
  test.each(cases)("%s", async (_, command, message) => {
    const reading = read("a.jpg", command);
    await expect(reading).rejects.toBeInstanceOf(UserError);
    await expect(reading).rejects.toThrow(message);
  });

  test("has a NUL in its name", async () => {
    await expect(read("a\0.jpg", echo)).rejects.toBeInstanceOf(UserError);
  });
});

describe("a command that does not end by itself is ended", () => {
  const endless = [process.execPath, "-e", "process.stdout.write(String(process.pid)); setInterval(() => 0, 1000);"]; // prettier-ignore
  const flood = [process.execPath, "-e", "const write = () => process.stdout.write('x'.repeat(65536), write); write();"]; // prettier-ignore
  const run = nodeHost.commands!.run;

  test("when it gives no output for too long", async () => {
    await expect(run(endless, { limit: 100, silence: 300 })).rejects.toThrow(
      "gave no output for 0.3 seconds",
    );
  });

  test("when it gives too much", async () => {
    const running = run(flood, { limit: 1e6, silence: 60_000 });
    await expect(running).rejects.toThrow("gives more than 1000000 bytes");
  });

  test("when the job is stopped, with what it has started", async () => {
    const control = new AbortController();
    const file = join(folder, "pid");
    const child = `require("fs").writeFileSync(process.argv[1], String(process.pid)); setInterval(() => 0, 1000)`;
    const parent = `
      const { spawn } = require("child_process");
      const { existsSync } = require("fs");
      spawn(process.execPath, ["-e", ${JSON.stringify(child)}, ${JSON.stringify(file)}]);
      setInterval(() => existsSync(${JSON.stringify(file)}) && process.stdout.write("x".repeat(9)), 5);`;
    const { signal } = control;
    const running = run([process.execPath, "-e", parent], { signal, limit: 1e9, silence: 60_000 });
    await expect.poll(() => existsSync(file) && readFileSync(file, "utf8")).toMatch(/\d/); // prettier-ignore
    control.abort(new Error("stopped"));
    await expect(running).rejects.toBe(signal.reason);
    const pid = Number(readFileSync(file, "utf8"));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test("before it begins, when the job has been stopped", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(read("a.jpg", echo, signal)).rejects.toBe(signal.reason);
  });
});

/** Whether a process runs; one that waits to be collected does not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("an image is fetched once for its size, its pixels and a copy of it; other paths stay files", async () => {
  mkdirSync(join(folder, "store"));
  const image = { width: 2, height: 1, data: new Uint8Array(6).fill(7) };
  const bytes = await nodeHost.codec.encode(image, "png");
  writeFileSync(join(folder, "store/a b.png"), bytes);
  const runs: string[] = [];
  const commands = {
    run: (...run: Parameters<NonNullable<typeof nodeHost.commands>["run"]>) => {
      runs.push(run[0].at(-1)!);
      return nodeHost.commands!.run(...run);
    },
  };
  const items = [itemOfName("a b.png")];
  const { store, codec } = inputHost({ ...nodeHost, commands }, items, { inputCommand: cat });
  const [file] = items.map((item) => item.file);
  expect(await codec.header(file!)).toMatchObject({ width: 2, height: 1 });
  expect(await codec.decode(file!)).toEqual(image);
  await store.copy(file!, join(folder, "copy.png"));
  expect(await store.stat(file!)).toMatchObject({ kind: "file", size: bytes.length });
  expect(runs).toEqual([join(folder, "store/a b.png")]);
  expect(await store.read(join(folder, "copy.png"))).toEqual(Buffer.from(bytes));
});

test("bytes are kept up to a limit, those that were used last; a failed reading is tried again", async () => {
  const recent = new RecentBytes(10);
  const read: string[] = [];
  const get = (path: string, size = 4): Promise<Uint8Array> =>
    recent.get(path, () => {
      read.push(path);
      return Promise.resolve(new Uint8Array(size));
    });
  for (const path of ["a", "b", "a", "c", "a", "b"]) await get(path);
  expect(read).toEqual(["a", "b", "c", "b"]);
  await get("large", 11);
  await get("large", 11);
  expect(read.slice(4)).toEqual(["large", "large"]);
  await expect(recent.get("bad", () => Promise.reject(new UserError("bad")))).rejects.toThrow();
  expect(await get("bad")).toHaveLength(4);
});
