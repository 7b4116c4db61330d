import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Report, Task } from "./disk-faults/worker.ts";

// A disk that fails, below everything: each command that writes is run with a full disk, an input/output error, a disk that
// turned read-only and short writes at one of its file operations after another, once or from then on; then again on a disk
// that works. It may fail only with exit code 1 and one line that names the reason, leave nothing that is not whole, lose
// nothing that was finished, and its second run must end with the same bytes as one that nothing disturbed.
const { values } = parseArgs({
  options: {
    // Cases to draw from all that there are.
    cases: { type: "string", default: "10000" },
    // The same, for a quick look.
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    jobs: { type: "string", default: String(availableParallelism()) },
  },
});
const of = Number(values.jobs);
const task: Omit<Task, "part"> = {
  ...{ cases: Number(values.sample ?? values.cases), seed: Number(values.seed) },
  ...{ only: values.only, of },
};
const script = fileURLToPath(new URL("disk-faults/worker.ts", import.meta.url));
const started = performance.now();
const endings = { survived: 0, resumed: 0, repeated: 0, overwritten: 0 };
const tried = new Map<string, number>();
const failures: string[] = [];
let [drawn, done, ready] = [0, 0, 0];
let facts = "";

const seconds = (): number => (performance.now() - started) / 1000;

function progress(): void {
  if (done === 0 || done % Math.max(20, Math.ceil(drawn / 100)) !== 0) return;
  const left = ((seconds() - ready) / done) * (drawn - done);
  console.log(
    `${done} of ${drawn}, ${failures.length} failures, ${seconds().toFixed(0)} s, ${left.toFixed(0)} s to go`,
  );
}

function take(report: Report): void {
  if (report.type === "drawn") {
    drawn = report.drawn;
    ready ||= seconds();
    facts = `${report.commands} commands with ${report.operations} file operations, ${report.possible} possible cases`;
    return;
  }
  const { command, where, ending, problems, message } = report;
  done++;
  endings[ending]++;
  tried.set(command, (tried.get(command) ?? 0) + 1);
  if (problems.length > 0) {
    const failure = `${command}: ${where}: ${problems.join("; ")}\n    ${message}`;
    failures.push(failure);
    console.log(`FAILED: ${failure}`);
  }
  progress();
}

const codes = await Promise.all(
  Array.from({ length: of }, async (_, part) => {
    const argument = JSON.stringify({ ...task, part } satisfies Task);
    const child = fork(script, [argument], { execArgv: ["--import", "tsx"] });
    child.on("message", (message) => take(message as Report));
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  }),
);
for (const [command, count] of tried) console.log(`${String(count).padStart(6)} ${command}`);
const { survived, resumed, repeated, overwritten } = endings;
console.log(
  `${facts}; ${done} cases tried: ${survived} survived, ${resumed} resumed, ${repeated} repeated, ` +
    `${overwritten} repeated with --overwrite; ${failures.length} failures; ${seconds().toFixed(0)} s`,
);
if (done < drawn || codes.some((code) => code !== 0)) {
  console.log(`a process ended early: ${codes.join(", ")}; ${drawn - done} cases were not tried`);
  failures.push("not complete");
}
process.exitCode = failures.length === 0 ? 0 : 1;
