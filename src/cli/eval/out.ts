import { join } from "node:path";
import { UserError } from "../../user-error.ts";
import { isFile } from "../../host/node/files/folder.ts";
import {
  resultFiles,
  writeResults,
  type EvaluationResults,
} from "../../jobs/evaluation-results.ts";
import { makeFolder } from "../../host/node/files/make-folder.ts";
import type { EvalOutOptions } from "./options.ts";
import type { Output } from "../output.ts";

/**
 * Makes the folder for results before hours are spent on them; a UserError if it holds files of their
 * names, which may be those of a training.
 */
export async function claimResults(
  { out, overwrite = false }: EvalOutOptions,
  names: readonly string[] = resultFiles,
): Promise<void> {
  if (out === undefined) return;
  for (const name of overwrite ? [] : names) {
    if (!(await isFile(join(out, name)))) continue;
    throw new UserError(
      `${join(out, name)}: is there already; give another --out, or --overwrite to replace it`,
    );
  }
  await makeFolder(out);
}

/** Writes the results where they are wanted, and says where. */
export async function tellResults(
  { out }: EvalOutOptions,
  results: EvaluationResults,
  output: Output,
): Promise<readonly string[]> {
  if (out === undefined) return [];
  const files = await writeResults(out, results);
  output.say(files.join("\n"));
  return files;
}
