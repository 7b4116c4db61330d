import { readFile } from "node:fs/promises";
import { z } from "zod";
import { describeFileError } from "../src/host/node/files/file-error.ts";
import { UserError } from "../src/user-error.ts";

/** Marks a JSON file as this benchmark's, and says which fields it has: another number for other fields. */
export const reportSchema = "tag2mask.bench/1";

const amount = z.number().min(0);
const summary = z.object({
  median: amount,
  min: amount,
  max: amount,
  lowerQuartile: amount,
  upperQuartile: amount,
  count: z.int().min(1),
});
const machine = z.object({
  cpu: z.string(),
  cores: z.int().min(1),
  memory: amount,
  system: z.string(),
  node: z.string(),
  onnxruntime: z.string(),
  tag2mask: z.string(),
  date: z.string(),
  load: amount,
});
const part = z.object({
  /** The thing measured and its size. */
  group: z.string(),
  name: z.string(),
  seconds: summary,
  /** Highest resident memory at the end of the part in each process, bytes. */
  rss: summary.nullable(),
  /** Floating-point operations of one run, counted from its graphs. */
  operations: z.object({ matrix: amount, total: amount }).nullable(),
  /** Operations of matrix products and convolutions a second, at the median time. */
  rate: amount.nullable(),
  /** `rate` of the fastest matrix product of this run with as many threads. */
  peakShare: amount.nullable(),
});
const report = z.object({
  schema: z.literal(reportSchema),
  machine,
  /** Threads of ONNX Runtime in the training steps. */
  threads: z.int().min(1),
  /** The fastest matrix product for each number of threads, operations a second. */
  peaks: z.array(z.object({ threads: z.int().min(1), shape: z.string(), rate: amount })),
  parts: z.array(part),
  /** Cores that other processes kept busy, by process that measured. */
  foreignLoad: summary,
});

/** Cost of one part, over all processes that measured it. */
export type Part = z.infer<typeof part>;
/** Content of the file that `--json` writes. */
export type Report = z.infer<typeof report>;
export type Peak = Report["peaks"][number];

/** Cores that other processes may use without making the times worthless. */
export const tolerableLoad = 0.1;

/** Reads a file written by `--json`; throws a UserError for any other file. */
export async function readReport(path: string): Promise<Report> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UserError(`${path}: cannot be read: ${describeFileError(error)}`, { cause: error });
  }
  return parseReport(text, path);
}

/** @param where begins the message of the UserError */
export function parseReport(text: string, where: string): Report {
  const remedy = "expected what npm run bench -- --json FILE writes";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: is not JSON; ${remedy}`, { cause: error });
  }
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== reportSchema) {
    const what = schema === undefined ? "no schema" : `schema ${JSON.stringify(schema)}`;
    throw new UserError(`${where}: has ${what}, expected "${reportSchema}"; ${remedy}`);
  }
  const parsed = report.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UserError(`${where}: ${path.join(".")}: ${message}; ${remedy}`);
}
