import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { InvalidArgumentError } from "commander";
import { setting } from "../../../src/cli/set-option.ts";
import { UnfinishedJob } from "../../../src/files/formats/unfinished-job.ts";
import { RunDirectory } from "../../../src/files/run/directory.ts";
import { readStoredConfig, readYaml, resolveConfig } from "../../../src/files/run/settings.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { parseConfig } from "../../../src/method/config.ts";
import { runMaskJob, writeJobImages } from "../../../test/jobs/unfinished-masks.ts";
import { mustHold, type FileKind, type Subject } from "../subject.ts";

const fixture = join(import.meta.dirname, "../../../test/fixtures/0.1.0/run");

/** Settings, runs and unfinished jobs. */
export async function runSubjects(work: string): Promise<Subject[]> {
  const { store } = nodeHost;
  const stored = readFileSync(join(fixture, "config.yaml"));
  const settings = Buffer.from(
    "train: {steps: 100, lr: 1e-4}\nmodel:\n  backbone: mit_b0\nrun: {data: x}\n",
  );
  const config = join(work, "config.yaml");
  return [
    {
      ...{ name: "config.yaml", kind: "yaml", weight: 0.5, seeds: [settings, stored] },
      read: async (bytes) => {
        writeFileSync(config, bytes);
        return resolveConfig(store, { config }, "voc");
      },
    },
    {
      ...{ name: "config.yaml of a run", kind: "yaml", weight: 0.5, seeds: [stored] },
      read: async (bytes) => {
        writeFileSync(config, bytes);
        const { origin } = readStoredConfig(config, await readYaml(store, config));
        mustHold(typeof origin.data === "string", "no data");
      },
    },
    {
      ...{ name: "a setting", kind: "yaml", weight: 0.5, seeds: [Buffer.from("[1, 0.5, 1.5]")] },
      read: async (bytes) => parseConfig({ set: { "pseudo.scales": settingOf(bytes) } }),
    },
    ...runFolderSubjects(work),
    ...(await unfinishedSubjects(work)),
  ];
}

/** As `--set` reads it: what is no YAML never gets to the settings. */
function settingOf(bytes: Uint8Array): unknown {
  const command = `pseudo.scales=${Buffer.from(bytes).toString()}`;
  try {
    return setting(command)["pseudo.scales"];
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

function runFolderSubjects(work: string): Subject[] {
  const whole = join(work, "run-whole");
  const run = join(work, "run");
  cpSync(fixture, whole, { recursive: true });
  const weights = join(whole, "weights");
  for (const name of ["best", "last"]) {
    const file = join(weights, `${name}.safetensors`);
    writeFileSync(file, gunzipSync(readFileSync(`${file}.gz`)));
    rmSync(`${file}.gz`);
  }
  const log = readFileSync(join(whole, "log.jsonl"), "utf8").split("\n");
  // A log of a few lines of each kind.
  const kept = log.filter((line, i) => i < 5 || !line.includes('"type":"step"'));
  writeFileSync(join(whole, "log.jsonl"), kept.join("\n"));
  const subject = (name: string, kind: FileKind, file: string, span?: number): Subject => ({
    ...{ name, kind, seeds: [readFileSync(join(whole, file))], weight: 0.05 },
    ...(span !== undefined && { span }),
    read: async (bytes) => {
      rmSync(run, { recursive: true, force: true });
      cpSync(whole, run, { recursive: true });
      writeFileSync(join(run, file), bytes);
      const { run: opened, state } = await RunDirectory.open(nodeHost, run);
      await opened.close();
      mustHold(state === undefined || Number.isSafeInteger(state.step), `step ${state?.step}`);
    },
  });
  return [
    subject("log of a run", "json lines", "log.jsonl"),
    subject("checkpoint of a run", "bytes", "weights/last.safetensors", 4000),
  ];
}

async function unfinishedSubjects(work: string): Promise<Subject[]> {
  const [whole, out] = [join(work, "masks-whole"), join(work, "masks-out")];
  mkdirSync(join(work, "job-images"), { recursive: true });
  const images = await writeJobImages(join(work, "job-images"));
  await runMaskJob(images, { out: whole, stopAfter: 3 });
  const subject = (name: string, kind: FileKind, file: string, overwrite: boolean): Subject => ({
    ...{ name, kind, seeds: [readFileSync(join(whole, ".unfinished", file))], weight: 0.05 },
    read: async (bytes) => {
      rmSync(out, { recursive: true, force: true });
      cpSync(whole, out, { recursive: true });
      const state = UnfinishedJob.folderOf({ path: out, single: false });
      writeFileSync(join(state, file), bytes);
      const options = overwrite ? { overwrite } : { resume: true };
      const events = await runMaskJob(images, { out, ...options });
      mustHold(events.at(-1)?.type === "done", "the job is not done");
      mustHold(readFileSync(images[0]!).length > 0, "a file of others is gone");
    },
  });
  return [
    subject("journal of a job", "json lines", "journal.jsonl", false),
    subject("journal of a job, anew", "json lines", "journal.jsonl", true),
    subject("settings of a job", "json", "job.json", false),
  ];
}
