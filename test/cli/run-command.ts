import type { Command } from "commander";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { convertCommand } from "../../src/cli/convert.ts";
import { dataCommand } from "../../src/cli/data.ts";
import { explainFailure } from "../../src/cli/failure.ts";
import { Output, type OpenOutput } from "../../src/cli/output.ts";
import { readMask } from "../../src/host/node/images/codec.ts";

const commands: Readonly<Record<string, (open: OpenOutput) => Command>> = {
  convert: convertCommand,
  data: dataCommand,
};

/** Runs a command in this process; text and complaints come together. */
export async function runCommand(
  name: "convert" | "data",
  ...args: string[]
): Promise<{ code: number; text: string }> {
  let text = "";
  const stream = { write: (more: string) => (text += more) };
  const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  const command = commands[name]!(({ json = false }) => new Output(terminal, json, name));
  command.exitOverride().configureOutput({ writeOut: stream.write, writeErr: stream.write });
  try {
    await command.parseAsync(args, { from: "user" });
    return { code: 0, text };
  } catch (error) {
    const failure = explainFailure(error, { command: name, debug: false });
    return { code: failure.code, text: `${text}${failure.text}\n` };
  }
}

/** Converts to palette PNGs and returns them as rows of digits, `x` for ignored pixels, by name. */
export async function convertToRows(
  masks: string,
  out: string,
  ...args: string[]
): Promise<{ code: number; text: string; masks: Record<string, string[]> }> {
  const result = await runCommand("convert", masks, "--to", "voc", "--out", out, ...args);
  const rows: Record<string, string[]> = {};
  const names = result.code === 0 ? readdirSync(join(out, "masks"), { recursive: true }) : [];
  for (const name of names.map(String).filter((file) => file.endsWith(".png"))) {
    const { width, data } = await readMask(join(out, "masks", name));
    const text = [...data].map((label) => (label === 255 ? "x" : label)).join("");
    rows[name.slice(0, -4)] = text.match(new RegExp(`.{${width}}`, "g"))!;
  }
  return { ...result, masks: rows };
}
