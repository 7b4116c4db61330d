import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCampaign } from "./fuzz/campaign.ts";
import { makeCase } from "./fuzz/mutate.ts";
import { makeSubjects } from "./fuzz/subjects/index.ts";
import type { CaseReport } from "./fuzz/worker.ts";

// Damages whole files of every kind in many ways and reads them. Each must be read with a well-formed result, or refused in one
// line for the user, within two seconds and little memory. Whole files are read first: all must be accepted.
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    reader: { type: "string" },
    only: { type: "string" },
    out: { type: "string", default: join(tmpdir(), "tag2mask-fuzz-failures") },
  },
});
const seed = Number(values.seed);
const only = values.only === undefined ? undefined : Number(values.only);

const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
let told = 0;
const failures: CaseReport[] = [];
const { reports, peak } = await runCampaign(
  { cases: Number(values.cases), seed, reader: values.reader, only },
  (report, done, total) => {
    if (report.wrong !== undefined) {
      failures.push(report);
      const wrong = report.wrong.split("\n").slice(0, 4).join("\n  ").slice(0, 1000);
      console.log(`FAILED: ${report.subject}, case ${report.index}: ${wrong}`);
      console.log(
        `  npx tsx bench/fuzz.ts --seed ${seed} --reader "${report.subject}" --only ${report.index}`,
      );
    }
    if (seconds() - told < 20) return;
    told = seconds();
    const left = Math.round((told / done) * (total - done));
    console.log(`${done} of ${total} files, ${failures.length} failures, ${left} s left`);
  },
);

if (failures.length > 0) {
  const work = mkdtempSync(join(tmpdir(), "tag2mask-fuzz-"));
  const subjects = new Map((await makeSubjects(work)).map((subject) => [subject.name, subject]));
  mkdirSync(values.out, { recursive: true });
  for (const { subject, index } of failures) {
    const name = `${subject.replaceAll(/[^a-z0-9.]+/g, "-")}-${seed}-${index}`;
    writeFileSync(join(values.out, name), makeCase(subjects.get(subject)!, seed, index));
  }
  rmSync(work, { recursive: true, force: true });
  console.log(`the files that failed: ${values.out}`);
}

console.log("reader                      files   read  refused  slowest    all");
for (const name of new Set(reports.map(({ subject }) => subject))) {
  const own = reports.filter(({ subject }) => subject === name);
  const refused = own.filter((report) => report.refused).length;
  const slowest = Math.max(...own.map(({ milliseconds }) => milliseconds)).toFixed(0);
  const cells = [own.length, own.length - refused, refused].map((count) =>
    String(count).padStart(7),
  );
  const all = own.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
  console.log(
    `${name.padEnd(26)}${cells.join("")} ${slowest.padStart(6)} ms ${all.toFixed(0).padStart(4)} s`,
  );
}
const changed = reports.filter(({ index }) => index >= 0).length;
console.log(
  `${changed} damaged files of ${reports.length - changed} whole ones, ${failures.length} failures; ` +
    `peak ${(peak / 2 ** 20).toFixed(0)} MB, ${seconds().toFixed(0)} s`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
