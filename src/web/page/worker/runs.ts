import { bestValidation } from "../../../files/run/best-scores.ts";
import { readLog, type LogEntry } from "../../../files/run/log.ts";
import { readStoredConfig, readYaml } from "../../../files/run/settings.ts";
import { join } from "../../../files/text/path.ts";
import type { RunDetails, RunFacts, Validation } from "../protocol.ts";
import { failureOf } from "./serve-tasks.ts";
import { host } from "./host.ts";
import { dataFolder, imagesFolder, runFolder, runsFolder } from "./places.ts";

const { store } = host;

/** All runs in the storage of the page, the newest first. */
export async function listRuns(): Promise<RunFacts[]> {
  const names = await foldersIn(runsFolder);
  await removeLeftovers(names);
  const locked = await lockedFolders();
  const runs: RunFacts[] = [];
  for (const name of names) {
    try {
      runs.push((await readFacts(name, locked)).facts);
    } catch (error) {
      const nothing = { step: 0, steps: 0, state: "stopped", classes: [], changed: 0 } as const;
      runs.push({ name, ...nothing, problem: failureOf(error).message });
    }
  }
  return runs.sort((a, b) => b.changed - a.changed);
}

/** A run with its curves. */
export async function readRun(name: string): Promise<RunDetails> {
  const { facts, entries } = await readFacts(name, await lockedFolders());
  const weights = join(runFolder(name), "weights");
  const files = (await store.exists(weights)) ? (await store.list(weights)).files : [];
  return {
    ...facts,
    log: entries.filter((entry) => entry.type === "step"),
    validations: entries
      .filter((entry) => entry.type === "validation")
      .map(({ type, step, metrics, perClass }): Validation => ({ type, step, metrics, perClass })),
    checkpoints: files.flatMap((file) => /^step-(\d+)\./.exec(file)?.[1] ?? []).map(Number),
  };
}

/** Removes a run and its images; a UserError while it is trained. */
export async function removeRun(name: string): Promise<null> {
  const lock = await store.lock(runFolder(name), { place: name });
  try {
    await store.remove(runFolder(name));
    await store.remove(imagesFolder(name));
  } finally {
    await lock.release();
  }
  return null;
}

async function readFacts(
  name: string,
  locked: ReadonlySet<string>,
): Promise<{ facts: RunFacts; entries: readonly LogEntry[] }> {
  const folder = runFolder(name);
  const log = join(folder, "log.jsonl");
  const entries = await readLog(store, log);
  const start = entries.find((entry) => entry.type === "start");
  const checkpoint = entries.findLast((entry) => entry.type === "checkpoint");
  const isDone = entries.some((entry) => entry.type === "done");
  const best = bestValidation(entries)?.metrics;
  const kind = typeof best?.seg === "number" && Number.isFinite(best.seg) ? "seg" : "tagF1";
  const facts: RunFacts = {
    name,
    step: checkpoint?.step ?? 0,
    steps: start?.steps ?? (await stepsOf(folder)),
    state: locked.has(folder) ? "running" : isDone ? "done" : "stopped",
    classes: start?.classes ?? [],
    changed: (await store.stat(log))?.modified ?? 0,
    ...(best && { score: { kind, value: best[kind] } }),
  };
  return { facts, entries };
}

/**
 * The steps of a run that has not begun. The log of others has them, so that a visit does not load the parser of YAML; where their
 * config.yaml is damaged, going on with them says so.
 */
async function stepsOf(folder: string): Promise<number> {
  const file = join(folder, "config.yaml");
  return readStoredConfig(file, await readYaml(store, file)).config.train.steps;
}

/** The folders of the storage that a tab or worker of the page is writing now. */
async function lockedFolders(): Promise<ReadonlySet<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.map(({ name }) => (name ?? "").replace(/^tag2mask /, "")));
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  return (await store.exists(folder)) ? (await store.list(folder)).folders : [];
}

/** Removes the images of trainings that ended before there was a run, such as with a tab that was closed while they were copied. */
async function removeLeftovers(runs: readonly string[]): Promise<void> {
  const locked = await lockedFolders();
  for (const name of await foldersIn(dataFolder)) {
    const images = imagesFolder(name);
    if (!runs.includes(name) && !locked.has(images)) await store.remove(images);
  }
}
