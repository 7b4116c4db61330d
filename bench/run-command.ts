import type { Command } from "commander";
import { explainFailure } from "../src/cli/failure.ts";

/** Runs a bench as tag2mask's own commands run: what fails is told in a sentence, with their exit codes. */
export async function runCommand(command: Command): Promise<void> {
  try {
    await command.exitOverride().parseAsync();
  } catch (error) {
    const { text, code } = explainFailure(error, { command: command.name(), debug: false });
    if (text) process.stderr.write(`${text}\n`);
    process.exitCode = code;
  }
}
