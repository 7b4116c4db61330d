import { Command } from "commander";
import { packageVersion } from "../host/node/version.ts";
import { nearest } from "../method/config/nearest.ts";
import { convertCommand } from "./convert.ts";
import { dataCommand } from "./data.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { evalCommand } from "./eval/command.ts";
import { exportCommand } from "./export.ts";
import { exitCodes } from "./exit-codes.ts";
import { explainFailure, explainUsage, failureRecord, wantsJson } from "./failure.ts";
import { labelCommand } from "./label.ts";
import { mergeCommand } from "./merge.ts";
import { Output, type OpenOutput, type Terminal } from "./output.ts";
import { quote } from "./quote.ts";
import { segmentCommand } from "./segment.ts";
import { serveCommand } from "./serve.ts";
import { studioCommand } from "./studio.ts";
import { trainCommand } from "./train.ts";
import { weightsCommand } from "./weights.ts";

const commands: readonly ((open: OpenOutput) => Command)[] = [
  demoCommand,
  trainCommand,
  segmentCommand,
  labelCommand,
  mergeCommand,
  evalCommand,
  dataCommand,
  convertCommand,
  weightsCommand,
  exportCommand,
  studioCommand,
  serveCommand,
  doctorCommand,
];

/** The complaint about a mistyped option, which goes before one about a missing option: it may be the very one. */
function mistypedOption(
  complaint: string,
  args: readonly string[],
  { options }: Command,
): string | undefined {
  if (!complaint.startsWith("error: required option")) return undefined;
  const end = args.indexOf("--");
  const known = options.flatMap(({ long }) => long ?? []);
  for (const arg of args.slice(0, end < 0 ? args.length : end)) {
    const [name = ""] = arg.split("=");
    if (!name.startsWith("--") || known.includes(name)) continue;
    const guess = nearest(name, known);
    const hint = guess === undefined ? "" : `\n(Did you mean ${guess}?)`;
    return `error: unknown option '${name}'${hint}`;
  }
  return undefined;
}

/** Runs `tag2mask` with these arguments; returns the exit code. */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  { debug = false }: { readonly debug?: boolean } = {},
): Promise<number> {
  let current = "tag2mask";
  let complaint = "";
  const outputs: Output[] = [];
  const open: OpenOutput = ({ json = false }) => {
    const output = new Output(terminal, json, ["tag2mask", ...args].map(quote).join(" "));
    outputs.push(output);
    return output;
  };

  const program = new Command("tag2mask")
    .description("Image tags in, pixel masks out: weakly-supervised semantic segmentation.")
    .version(packageVersion())
    .helpCommand(false)
    .addHelpText("after", "\nStart with: tag2mask demo");
  for (const create of commands) program.addCommand(create(open));
  for (const command of [program, ...program.commands]) {
    const name = command === program ? "tag2mask" : `tag2mask ${command.name()}`;
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => {
        complaint = explainUsage(mistypedOption(text, args, command) ?? text, name);
        write(`${complaint}\n`);
      },
    });
    command.hook("preAction", () => void (current = name));
  }

  try {
    await program.parseAsync(args, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    const { text, code } = explainFailure(error, { command: current, debug });
    for (const output of outputs) output.progress.finish();
    if (text !== "") terminal.stderr.write(`${text}\n`);
    const record = wantsJson(args) ? failureRecord(error, complaint) : undefined;
    if (record && !terminal.failure?.()) terminal.stdout.write(`${JSON.stringify(record)}\n`);
    return code;
  }
}
