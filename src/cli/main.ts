#!/usr/bin/env node
import { explainFailure } from "./failure.ts";
import { processTerminal } from "./output.ts";
import { runProgram } from "./program.ts";

const debug = (process.env.TAG2MASK_DEBUG ?? "") !== "";

// Errors outside any command's promise, such as those of a stream.
process.on("uncaughtException", (error) => {
  const { text, code } = explainFailure(error, { command: "tag2mask", debug });
  process.stderr.write(`${text}\n`);
  process.exit(code);
});

process.exitCode = await runProgram(process.argv.slice(2), processTerminal(), { debug });
