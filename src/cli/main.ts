#!/usr/bin/env node
import { exitCodes } from "./exit-codes.ts";
import { explainFailure, failureRecord, wantsJson } from "./failure.ts";
import { outputFailure, processTerminal } from "./output.ts";
import { runProgram } from "./program.ts";

const args = process.argv.slice(2);
const debug = (process.env.TAG2MASK_DEBUG ?? "") !== "";

// Errors outside any command's promise, such as those of a stream.
process.on("uncaughtException", (error) => {
  const { text, code } = explainFailure(error, { command: "tag2mask", debug });
  process.stderr.write(`${text}\n`);
  if (wantsJson(args)) process.stdout.write(`${JSON.stringify(failureRecord(error))}\n`);
  process.exit(code);
});

const terminal = processTerminal();
const code = await runProgram(args, terminal, { debug });
process.exitCode = code;

// Whether the last results could be written is known only once the command has ended.
process.once("exit", () => {
  const failure = terminal.failure?.();
  if (failure === undefined || code !== exitCodes.ok) return;
  const told = explainFailure(outputFailure(failure), { command: "tag2mask", debug });
  process.stderr.write(`${told.text}\n`);
  process.exitCode = told.code;
});
