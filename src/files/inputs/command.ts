import { parse, type ParseEntry } from "shell-quote";
import type { Commands, CommandSignal } from "../../host/commands.ts";
import { UserError } from "../../user-error.ts";

/** Stands for the name of an image in the arguments of a command. */
const placeholder = "{}";

/** Most bytes of an image. */
const largestImage = 512 * 1024 * 1024;

/** Milliseconds without output after which a command is taken to hang. */
export const longestSilence = 5 * 60 * 1000;

/** A program and its arguments, of which at least one has the place for a name. */
export type InputCommand = readonly string[];

/** Splits a command into arguments as a shell would. What only a shell can do, such as pipes and variables, is a UserError. */
export function parseCommand(text: string): InputCommand {
  const args: string[] = [];
  for (const part of split(text)) {
    if (typeof part === "string") args.push(part);
    else if ("comment" in part) throw forShell(text, "#");
    else throw forShell(text, part.op === "glob" ? part.pattern : part.op);
  }
  const [program, ...others] = args;
  if (program === undefined || program === "") throw invalid(text, "names no program");
  if (program.includes(placeholder)) {
    throw invalid(text, `has ${placeholder} in the name of its program; put it into an argument`);
  }
  if (!others.some((arg) => arg.includes(placeholder))) {
    throw invalid(text, `has no ${placeholder}, the place for the name of an image`);
  }
  return args;
}

function split(text: string): readonly ParseEntry[] {
  // The library passes over a quote without an end.
  if (/["']/.test(text.replaceAll(/\\.|"(?:\\.|[^"\\])*"|'[^']*'/gs, ""))) {
    throw invalid(text, "has a quote without its end");
  }
  try {
    return parse<string>(text, (variable) => {
      throw forShell(text, `$${variable}`);
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw invalid(text, `cannot be split into arguments: ${(error as Error).message}`, error);
  }
}

function forShell(text: string, part: string): UserError {
  return invalid(
    text,
    `has "${part}" outside of quotes, which only a shell understands; quote it, or put the whole into a script`,
  );
}

function invalid(text: string, problem: string, cause?: unknown): UserError {
  return new UserError(`the command "${text}" ${problem}`, { cause, code: "invalid-command" });
}

/** Reads an image through a command, whose standard output it is. The name is data: no shell and no option parser gets it. */
export async function readThrough(
  commands: Commands,
  command: InputCommand,
  name: string,
  signal?: CommandSignal,
): Promise<Uint8Array> {
  const args = command.map((arg) => {
    if (arg === placeholder && name.startsWith("-")) {
      throw new UserError(
        `${name}: begins with "-", so ${command[0]} would take it for an option; put something before ${placeholder}, as in ./${placeholder}`,
      );
    }
    return arg.replaceAll(placeholder, () => name);
  });
  const { stdout, exit, complaint } = await commands
    .run(args, { signal, limit: largestImage, silence: longestSilence })
    .catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`${name}: ${error.message}`, { cause: error });
    });
  const said = complaint === "" ? "" : `: ${complaint}`;
  if (exit !== 0) {
    const how = typeof exit === "number" ? `exit code ${exit}` : exit;
    throw new UserError(`${name}: ${command[0]} ended with ${how}${said}`);
  }
  if (stdout.length === 0) throw new UserError(`${name}: ${command[0]} gave no output${said}`);
  return stdout;
}
