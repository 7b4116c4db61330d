import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeStore } from "../../../../src/host/node/files/store.ts";
import { UserError } from "../../../../src/user-error.ts";
import { withFaultyFiles } from "../../../faulty-files.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "store-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test("hidden names are listed only when asked for", async () => {
  mkdirSync(join(root, ".git"));
  writeFileSync(join(root, ".tmp"), "");
  writeFileSync(join(root, "a"), "");
  expect(await nodeStore.list(root)).toEqual({ folders: [], files: ["a"] });
  expect(await nodeStore.list(root, { hidden: true })).toEqual({
    folders: [".git"],
    files: [".tmp", "a"],
  });
});

test("a path has its kind, size and time of the last change, through links too", async () => {
  writeFileSync(join(root, "a"), "four");
  utimesSync(join(root, "a"), 1000, 1_700_000_000.25);
  symlinkSync(join(root, "a"), join(root, "link"));
  const info = { kind: "file", size: 4, modified: 1_700_000_000_250 };
  expect(await nodeStore.stat(join(root, "a"))).toEqual(info);
  expect(await nodeStore.stat(join(root, "link"))).toEqual(info);
  expect(await nodeStore.stat(root)).toMatchObject({ kind: "folder" });
});

test("nothing is at a path that is missing, below a file, a broken link, or too long for the disk", async () => {
  writeFileSync(join(root, "a"), "");
  symlinkSync(join(root, "nowhere"), join(root, "broken"));
  for (const name of ["b", "a/b", "broken", "x".repeat(5000)]) {
    expect(await nodeStore.stat(join(root, name)), name.slice(0, 10)).toBeUndefined();
  }
  expect(await nodeStore.exists(join(root, "broken"))).toBe(true);
  await expect(nodeStore.readText(join(root, "b"))).rejects.toThrow(UserError);
});

test("of a folder that cannot be made no parent is left", async () => {
  const path = join(root, "a/b/c");
  // Of three folders that are missing each is tried first, from the lowest up.
  const full = { fault: "ENOSPC", at: 4, within: root, only: "mkdir" } as const;
  const { outcome, failed } = await withFaultyFiles(full, () => nodeStore.makeFolder(path));
  expect(failed).toEqual([{ kind: "mkdir", path }]);
  expect(outcome).toMatchObject({ status: "rejected", reason: { name: "UserError" } });
  expect(readdirSync(root)).toEqual([]);
});
