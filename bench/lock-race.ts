import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random } from "../src/engine/random.ts";
import { newLock } from "../src/host/node/files/lock-file.ts";
import { thisProcess } from "../src/host/node/process-identity.ts";

// Lets real processes take one run lock in the same millisecond, again and again: free, left by a killed process, cut short, or
// left by a process that was killed while it took the lock. In every round exactly one may get it. In every tenth one of the
// takers is killed meanwhile, and the lock must be free for another one afterwards.
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1000" },
    takers: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    // Share of the file operations before which a taker pauses for up to 4 ms.
    pauses: { type: "string", default: "0.2" },
  },
});
const [rounds, count, seed] = [values.rounds, values.takers, values.seed].map(Number) as [
  number,
  number,
  number,
];
const script = fileURLToPath(new URL("lock-taker.ts", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "tag2mask-locks-"));
const boot = join(work, "boot-id");
writeFileSync(boot, "00000000-0000-4000-8000-000000000000\n");

/** A place for a taker to run in, as a command that runs another one there. */
type Place = readonly string[];

const here: Place = [];
const container: Place = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
const host: Place = [
  ...[...container, "--uts", "sh", "-c"],
  `hostname other && mount --bind ${boot} /proc/sys/kernel/random/boot_id && exec "$@"`,
  "sh",
];

/** Takers of a race are spread over its places. In every container the taker is process 1. */
const races: Readonly<Record<string, readonly Place[]>> = {
  "one machine": [here],
  "a container each": [container],
  "machine, container, another machine": [here, container, host],
};

/** A taker in a process of its own. */
class Taker {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;

  constructor(place: Place) {
    const command = [...place, process.execPath, "--import", "tsx", script, values.pauses];
    this.child = spawn(command[0]!, command.slice(1));
    this.child.stderr.pipe(process.stderr);
    this.child.stdin.on("error", () => undefined);
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The next answer; undefined if the process has ended. */
  async answer(): Promise<Record<string, unknown> | undefined> {
    const { value, done } = await this.answers.next();
    return done ? undefined : (JSON.parse(value) as Record<string, unknown>);
  }

  ask(...words: readonly unknown[]): Promise<Record<string, unknown> | undefined> {
    this.child.stdin.write(`${words.join("\t")}\n`);
    return this.answer();
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }
}

/** What lies there before a round. */
const situations: readonly ((path: string, dead: string) => void)[] = [
  () => undefined,
  (path, dead) => writeFileSync(path, dead),
  (path) => writeFileSync(path, ""),
  (path) => writeFileSync(path, "4194304\n"),
  (path, dead) => {
    writeFileSync(path, dead);
    const { token } = JSON.parse(dead) as { token: string };
    writeFileSync(join(path, `../.run.lock.${token}.tmp`), deadLock());
  },
];

/** The lock of a process that has ended. */
function deadLock(): string {
  return newLock({ ...thisProcess(), pid: spawnedBefore, start: "1" }).text;
}
const spawnedBefore = spawnSync("true").pid;

/** Makes all locks of a folder so old that they are dead for every machine. */
function age(folder: string): void {
  const time = Date.now() / 1000 - 200;
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), time, time);
}

async function race(name: string, places: readonly Place[]): Promise<boolean> {
  const random = Random.at(seed, name);
  const start = async (i: number): Promise<Taker> => {
    const taker = new Taker(places[i % places.length]!);
    if ((await taker.answer()) === undefined) throw new Error(`${name}: cannot be started here`);
    return taker;
  };
  const takers = await Promise.all(Array.from({ length: count }, (_, i) => start(i)));
  const failures: string[] = [];
  let kills = 0;
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(work, "round-"));
    const path = join(folder, "run.lock");
    situations[round % situations.length]!(path, deadLock());
    age(folder);
    const at = Date.now() + 3;
    const taking = takers.map((taker) => taker.ask("take", path, at));
    const victim = round % 10 === 9 ? random.int(count) : undefined;
    if (victim !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 3 + random.int(20)));
      await takers[victim]!.kill();
      kills++;
    }
    const results = await Promise.all(taking);
    const winners = takers.filter((_, i) => i !== victim && results[i]?.won === true);
    // The killed one may have been the winner.
    if (winners.length > 1 || (victim === undefined && winners.length === 0)) {
      failures.push(`round ${round}: ${winners.length} of ${count} got the lock`);
    }
    for (const winner of winners) {
      if ((await winner.ask("check"))?.intact !== true) failures.push(`round ${round}: lost`);
      await winner.ask("release");
    }
    if (victim !== undefined) {
      takers[victim] = await start(victim);
      age(folder);
      if ((await takers[victim]!.ask("take", path, 0))?.won !== true) {
        failures.push(`round ${round}: a dead end after a kill: ${readdirSync(folder).join(", ")}`);
      }
      await takers[victim]!.ask("release");
    }
    const left = readdirSync(folder);
    if (left.includes("run.lock")) failures.push(`round ${round}: the lock stayed`);
    rmSync(folder, { recursive: true });
  }
  await Promise.all(takers.map((taker) => taker.kill()));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${name}: ${rounds} rounds of ${count}, ${kills} killed, ${failures.length} failures, ${seconds} s`,
  );
  for (const failure of failures.slice(0, 10)) console.log(`  ${failure}`);
  return failures.length === 0;
}

try {
  let ok = true;
  for (const [name, places] of Object.entries(races)) {
    const isAllowed = places.every(
      ([program, ...args]) =>
        program === undefined || spawnSync(program, [...args, "true"]).status === 0,
    );
    if (isAllowed) ok = (await race(name, places)) && ok;
    else console.log(`${name}: left out, this system does not let us start containers`);
  }
  process.exitCode = ok ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
