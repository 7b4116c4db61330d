import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Whether the command runs on a pseudo-terminal, where its two streams are one. */
  readonly terminal: boolean;
  /** Ctrl-C once the output matches. */
  readonly interrupt?: RegExp;
}

/** Longest time of one command, milliseconds. */
const limit = 240_000;

/** Runs a command to its end through pipes, or on a pseudo-terminal of 80 columns. */
export function runCommand(
  command: readonly string[],
  cwd: string,
  { terminal, interrupt }: RunOptions,
): Promise<Ran> {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const [file, args] = terminal
    ? ["script", ["-qec", `stty cols 80 rows 24 -echoctl; exec ${quoted}`, "/dev/null"]]
    : [command[0]!, command.slice(1)];
  const env: NodeJS.ProcessEnv = { ...process.env, TERM: "xterm-256color", SHELL: "/bin/sh" };
  for (const name of ["NO_COLOR", "FORCE_COLOR", "npm_lifecycle_event"]) env[name] = undefined;
  return new Promise((resolve, reject) => {
    // A group of its own: a Ctrl-C in the pseudo-terminal stays there.
    const child = spawn(file, args, {
      cwd,
      env,
      detached: true,
      stdio: [terminal ? "pipe" : "ignore", "pipe", "pipe"],
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), limit);
    let stdout = "";
    let stderr = "";
    let isSent = false;
    const watch = (): void => {
      if (isSent || !interrupt || !interrupt.test(stdout + stderr)) return;
      isSent = true;
      if (terminal) child.stdin!.write("\x03");
      else child.kill("SIGINT");
    };
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      watch();
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      watch();
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") reject(new Error(`${quoted}: still running after ${limit} ms`));
      else resolve({ code, stdout, stderr });
    });
  });
}
