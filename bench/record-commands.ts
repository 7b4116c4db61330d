import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { cases, prepareSet, type Case } from "./recording/cases.ts";
import { compareRecordings } from "./recording/compare.ts";
import { hashFiles, normalizeText, type Places } from "./recording/normalize.ts";
import { runCommand } from "./recording/run-command.ts";

// Records what every command prints and writes, so that two versions can be compared:
//   record-commands.ts --command "node dist/cli/main.js" --out FOLDER [--only TEXT]
//   record-commands.ts --compare FOLDER FOLDER
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    command: { type: "string" },
    out: { type: "string" },
    only: { type: "string", default: "" },
    compare: { type: "boolean", default: false },
  },
});

if (values.compare) {
  const [before, after] = positionals;
  if (!before || !after) throw new Error("--compare needs two folders of recordings");
  const differences = compareRecordings(before, after);
  console.log(differences.join("\n"));
  process.exitCode = differences.length > 1 ? 1 : 0;
} else {
  if (!values.command || !values.out) {
    throw new Error("--command and --out are missing, or --compare with two folders");
  }
  await record(values.command, resolve(values.out), values.only);
}

async function record(commandLine: string, out: string, only: string): Promise<void> {
  if (spawnSync("script", ["--version"]).status !== 0) {
    throw new Error("script: not found, but it provides the terminal; install Debian's bsdutils");
  }
  const command = commandLine.split(" ").map((word) => (existsSync(word) ? resolve(word) : word));
  const work = mkdtempSync(join(tmpdir(), "tag2mask-record-"));
  const places: Places = { work, checkout: checkoutOf(command.at(-1)!) };
  mkdirSync(out, { recursive: true });
  try {
    const set = join(work, "set");
    await prepareSet(set, command);
    for (const one of cases.filter(({ name }) => name.includes(only))) {
      const started = performance.now();
      const file = join(out, `${one.name}.json`);
      writeFileSync(file, `${JSON.stringify(await recordCase(one, command, places), null, 2)}\n`);
      console.log(`${one.name}  ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs the commands of a case in a folder of their own that holds a copy of the set. */
async function recordCase(one: Case, command: readonly string[], places: Places): Promise<unknown> {
  const cwd = join(places.work, "case");
  rmSync(cwd, { recursive: true, force: true });
  cpSync(join(places.work, "set"), cwd, { recursive: true });
  const before = hashFiles(cwd, places, one);
  const runs = [];
  for (const [i, args] of one.commands.entries()) {
    const interrupt = i === 0 ? one.interrupt : undefined;
    const { code, stdout, stderr } = await runCommand([...command, ...args], cwd, {
      terminal: one.terminal ?? false,
      ...(interrupt && { interrupt }),
    });
    const clean = (text: string) => normalizeText(text, places, one).split("\n");
    runs.push({ args, code, stdout: clean(stdout), stderr: clean(stderr) });
  }
  const after = Object.entries(hashFiles(cwd, places, one));
  const written = after.filter(([path, hash]) => before[path] !== hash);
  const removed = Object.keys(before).filter((path) => !after.some(([other]) => other === path));
  return { runs, written: Object.fromEntries(written), removed };
}

/** The nearest folder above a file that has a package.json. */
function checkoutOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && readFileSync(manifest, "utf8").includes('"tag2mask"')) {
      return folder;
    }
    if (folder === dirname(folder)) throw new Error(`${file}: is in no checkout of tag2mask`);
  }
}
