import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { claimFolder, releaseFolder } from "../../src/jobs/claim-folder.ts";
import { temporaryFolder } from "../cli/scenes.ts";
import { withFaultyFiles } from "../faulty-files.ts";

const root = temporaryFolder();
const before = process.cwd();
process.chdir(root);
afterAll(() => process.chdir(before));

test("a folder of its own name is the first free one, and releasing it takes those made with it along", async () => {
  const first = await claimFolder(nodeHost, undefined);
  const second = await claimFolder(nodeHost, undefined);
  expect([first.folder, second.folder]).toEqual(["runs/demo", "runs/demo2"]);
  await releaseFolder(nodeHost, second);
  await releaseFolder(nodeHost, first);
  expect(readdirSync(root)).toEqual([]);
});

test("where no folder can be made, none of those above it is left", async () => {
  const full = { fault: "ENOSPC", at: 0, within: join(root, "runs/demo") } as const;
  const { outcome } = await withFaultyFiles(full, () => claimFolder(nodeHost, undefined));
  expect(outcome).toMatchObject({ status: "rejected", reason: { name: "UserError" } });
  expect(readdirSync(root)).toEqual([]);
});
