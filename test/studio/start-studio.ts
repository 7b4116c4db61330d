import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { commandLine } from "../built.ts";
import { tokenHeader } from "../../src/studio/protocol.ts";

const root = join(import.meta.dirname, "../..");

/** What a test asks a studio. */
export interface StudioClient {
  /** Address with the token, for a browser. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Sends a request with the token. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** GET, JSON parsed; an error shows the answer unless it is 2xx. */
  get<T>(path: string): Promise<T>;
  /** Sends JSON; an error shows the answer unless it is 2xx. */
  send<T>(method: "POST" | "PUT", path: string, body: unknown): Promise<T>;
  /** Waits until all images are listed. */
  indexed(): Promise<void>;
}

/** A studio that runs in a process of its own, as the command line starts it. */
export interface StartedStudio extends StudioClient {
  readonly process: ChildProcess;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** kill -9 */
  kill(): Promise<void>;
}

/** Starts the studio of a folder from the sources. @param args more options of the command line */
export async function startStudio(folder: string, ...args: string[]): Promise<StartedStudio> {
  const child = spawn(
    process.execPath,
    [...commandLine, "studio", folder, "--json", "--port", "0", ...args],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  let complaints = "";
  child.stderr.on("data", (text: Buffer) => (complaints += text.toString()));
  const ended = once(child, "exit") as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once("line", (line) =>
      resolve((JSON.parse(line) as { url: string }).url),
    );
    void ended.then(() => reject(new Error(`the studio did not start: ${complaints}`)));
  });
  const state = (): string => {
    const { exitCode, signalCode } = child;
    const hasEnded = exitCode !== null || signalCode !== null;
    return `${hasEnded ? `its process has ended (${signalCode ?? `exit code ${exitCode}`})` : "its process runs"}; it wrote: ${complaints.trim() || "nothing"}`;
  };
  return {
    ...studioClient(url, state),
    process: child,
    async stop() {
      child.kill("SIGINT");
      return (await ended)[0];
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** @param state what has become of the server's process, for messages */
export function studioClient(
  url: string,
  state = (): string => "it is in this process",
): StudioClient {
  const { origin, port, hash } = new URL(url);
  const token = new URLSearchParams(hash.slice(1)).get("token")!;
  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set(tokenHeader, token);
    try {
      return await fetch(`${origin}${path}`, { ...init, headers });
    } catch (error) {
      throw new Error(`${path}: the studio did not answer; ${state()}`, { cause: error });
    }
  };
  const json = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await request(path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}; ${state()}`);
    return JSON.parse(text) as T;
  };
  return {
    ...{ url, port: Number(port), token, request },
    get: (path) => json(path),
    send: (method, path, body) =>
      json(path, {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    async indexed() {
      await waitUntil(async () => {
        const { indexing } = await json<{ indexing: unknown }>("/api/project");
        return indexing === null;
      });
    },
  };
}

/** Asks again and again until it is so; a test's own time limit ends it otherwise. */
export async function waitUntil(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
