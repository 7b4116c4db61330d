import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../src/user-error.ts";
import { peakMemory } from "../peak-memory.ts";
import { makeCase } from "./mutate.ts";
import type { Subject } from "./subject.ts";
import { makeSubjects } from "./subjects/index.ts";

// Reads damaged files and tells its parent of each, so that a hang or a crash has a name.

/** A file: of a subject, the one with a number; -1 - i is the whole file i. */
export interface CaseName {
  readonly subject: string;
  readonly index: number;
}

/** What came of one file. */
export interface CaseReport extends CaseName {
  /** Refused with a UserError; else read. */
  readonly refused: boolean;
  /** The message of the error. */
  readonly message?: string;
  readonly milliseconds: number;
  /** Peak resident memory so far, bytes. */
  readonly peak: number;
  /** What should not have happened. */
  readonly wrong?: string;
}

export interface WorkerOptions {
  readonly cases: number;
  readonly seed: number;
  /** The only reader. */
  readonly reader?: string | undefined;
  /** The only case, of the reader. */
  readonly only?: number | undefined;
  /** Cases that come before are left out. */
  readonly after?: CaseName | undefined;
}

export type WorkerMessage =
  { readonly total: number } | { readonly begun: CaseName } | { readonly report: CaseReport };

/** A file that takes longer hangs. */
const patience = 2000;
/** A file may not make the process take this much more memory, bytes: the largest image that is read takes 600 MB. */
const allowance = 650 * 2 ** 20;
const longestMessage = 700;

/** What is wrong with a message. */
function faultOf(error: UserError): string | undefined {
  const message = error.message.replaceAll(work, "").replaceAll(/(a\/)+/g, "");
  if (message === "") return "the message is empty";
  if (message.length > longestMessage) return `a message of ${message.length} letters: ${message}`;
  if (/[\n\r\u2028]/.test(message)) return `a message of several lines: ${message}`;
  const isInternal =
    /\w\.\w+ is not a function|is not iterable|Cannot read prop|of undefined|\[object |TypeError|RangeError|\bat .*:\d+:\d+/;
  return isInternal.test(message) ? `the message is one of the program: ${message}` : undefined;
}

/** Most memory that this process has taken, bytes. On Linux `maxRSS` begins with what the process that started it had by then. */
function peakHere(): number {
  return peakMemory(process.pid) || process.resourceUsage().maxRSS * 1024;
}

async function readOne(
  subject: Subject,
  bytes: Uint8Array,
): Promise<Omit<CaseReport, "subject" | "index">> {
  const before = peakHere();
  const start = performance.now();
  const work = process.cpuUsage();
  let refused = false;
  let message = "";
  let wrong: string | undefined;
  try {
    await subject.read(bytes);
  } catch (error) {
    if (error instanceof UserError) {
      refused = true;
      ({ message } = error);
      wrong = faultOf(error);
    } else wrong = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const spent = process.cpuUsage(work);
  // A machine with other work to do takes longer.
  const milliseconds = Math.min(performance.now() - start, (spent.user + spent.system) / 1000);
  const peak = peakHere();
  if (milliseconds > patience) wrong ??= `takes ${milliseconds.toFixed(0)} ms`;
  if (peak - before > allowance) wrong ??= `takes ${((peak - before) / 2 ** 20).toFixed(0)} MB`;
  if (Object.keys(Object.prototype).length > 0) wrong ??= "Object.prototype was changed";
  return { refused, message, milliseconds, peak, ...(wrong !== undefined && { wrong }) };
}

/** The whole files, then the cases of all subjects in turn: a campaign that is stopped has seen every reader. */
function listCases(
  subjects: readonly Subject[],
  { cases, only }: WorkerOptions,
): [Subject, number][] {
  const weight = ({ weight = 1 }: Subject): number => weight;
  const total = subjects.reduce((sum, subject) => sum + weight(subject), 0);
  const list = subjects.flatMap((subject) => {
    const count = Math.ceil((cases * weight(subject)) / total);
    const whole = subject.seeds.map((_, i) => -1 - i);
    const indices = only === undefined ? [...whole, ...Array(count).keys()] : [only];
    return indices.map((index): [Subject, number] => [subject, index]);
  });
  return list.sort(([, a], [, b]) => a - b);
}

const options = JSON.parse(process.argv[2]!) as WorkerOptions;
const work = mkdtempSync(join(tmpdir(), "tag2mask-fuzz-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const send = (message: WorkerMessage): void => void process.send!(message);

const all = await makeSubjects(work);
const subjects = all.filter(({ name }) => options.reader === undefined || name === options.reader);
if (subjects.length === 0) {
  console.error(
    `${options.reader}: no such reader; there are ${all.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
const list = listCases(subjects, options);
const { after } = options;
const first = after === undefined ? 0 : 1 + list.findIndex(([{ name }, index]) => name === after.subject && index === after.index); // prettier-ignore
send({ total: list.length });
for (const [subject, index] of list.slice(first)) {
  const name = { subject: subject.name, index };
  send({ begun: name });
  const result = await readOne(subject, makeCase(subject, options.seed, index));
  const isUnexpected = index < 0 && result.refused !== (subject.isRefused === true);
  const wrong =
    result.wrong ??
    (isUnexpected ? `a whole file is not taken as it should be: ${result.message}` : undefined);
  send({ report: { ...name, ...result, ...(wrong !== undefined && { wrong }) } });
}
process.disconnect();
