import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { RunDirectory } from "../../../src/files/run/directory.ts";
import { withFaultyFiles } from "../../faulty-files.ts";

const config = { train: { steps: 12 } };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "discard-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test.each([{}, { name: "mine" }])(
  "where the folder of a run %o cannot be locked, nothing is left behind",
  async (named) => {
    for (const runs of [join(root, "runs", "train"), root]) {
      const within = join(runs, named.name ?? "exp");
      const { outcome } = await withFaultyFiles(
        { fault: "ENOSPC", at: 0, within, only: "open" },
        () => RunDirectory.create(nodeHost, { root: runs, ...named, config }),
      );
      expect(String((outcome as PromiseRejectedResult).reason)).toMatch(/no space left/);
      expect(readdirSync(root)).toEqual([]);
    }
  },
);

test("an empty folder that was there before stays where it cannot be locked", async () => {
  mkdirSync(join(root, "mine"));
  const full = { fault: "ENOSPC", at: 0, within: root, only: "open" } as const;
  await withFaultyFiles(full, () =>
    RunDirectory.create(nodeHost, { root, name: "mine", config }).catch(() => undefined),
  );
  expect(readdirSync(root)).toEqual(["mine"]);
});

test.each(["log.jsonl", "results.csv", "weights", "config.yaml"])(
  "a discarded run whose %s the disk refuses to remove can be resumed from its beginning",
  async (name) => {
    const run = await RunDirectory.create(nodeHost, { root, config });
    const refused = { fault: "EIO", at: 0, within: join(run.path, name), only: "rm" } as const;
    const { outcome } = await withFaultyFiles(refused, () => run.discard());
    expect(outcome.status).toBe("rejected");
    const { run: again, state } = await RunDirectory.open(nodeHost, run.path);
    expect([state, await again.readConfig()]).toEqual([undefined, config]);
    await again.close();
  },
);
