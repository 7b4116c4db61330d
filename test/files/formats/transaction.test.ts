import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeStore } from "../../../src/host/node/files/store.ts";
import { FileTransaction } from "../../../src/files/formats/transaction.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "transaction-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test("rolling back removes added files and folders, and keeps what was there before", async () => {
  mkdirSync(join(root, "kept"));
  writeFileSync(join(root, "kept/old"), "before");
  const files = await FileTransaction.begin(nodeStore, root);
  await files.write(join(root, "kept/old"), "after");
  await files.write(join(root, "kept/new"), "");
  await files.copy(join(root, "kept/old"), join(root, "deep/er/copy"));
  const stream = await files.writeStream(join(root, "stream/file"));
  await stream.write("text");
  await stream.finish();
  expect(readFileSync(join(root, "stream/file"), "utf8")).toBe("text");
  await files.rollBack();
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(["kept", "kept/old"]);
  expect(readFileSync(join(root, "kept/old"), "utf8")).toBe("after");
});

test("rolling back removes the folders that were made for the job, and those of discarded streams", async () => {
  const files = await FileTransaction.begin(nodeStore, join(root, "a/b"));
  const stream = await files.writeStream(join(root, "a/b/c/file"));
  await stream.discard();
  expect(existsSync(join(root, "a/b/c"))).toBe(true);
  await files.rollBack();
  expect(readdirSync(root)).toEqual([]);
});

test("some added files can be removed alone, while a file written over stays", async () => {
  writeFileSync(join(root, "old"), "before");
  const files = await FileTransaction.begin(nodeStore, root);
  for (const name of ["old", "x/1", "y/2"]) await files.write(join(root, name), name);
  await files.removeAdded([join(root, "old"), join(root, "x/1")]);
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(["old", "y", "y/2"]);
});
