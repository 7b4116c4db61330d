import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../../src/cli/exit-codes.ts";

export interface TestRequest {
  /** Absolute path of a test file. */
  readonly test: string;
  /** Absolute paths of sources that changed since the last request. */
  readonly changed: readonly string[];
}

export interface TestReport {
  readonly milliseconds: number;
  /** The first failed test; null if all pass. */
  readonly failed: string | null;
}

const script = fileURLToPath(new URL("./test-process.ts", import.meta.url));

/** Runs test files one by one in a process of their own, which is ended when one takes too long. */
export class TestRunner {
  private child: ChildProcess | null = null;
  /** @param root of the tree whose tests are run */
  constructor(private readonly root: string) {
    process.on("exit", () => this.stop());
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => process.exit(exitCodes.interrupted));
  }

  /** @param limit milliseconds; a file that needs more counts as failed */
  async run(request: TestRequest, limit: number): Promise<TestReport> {
    this.child ??= await this.start();
    const begin = performance.now();
    const stopped = new AbortController();
    const timer = setTimeout(() => stopped.abort(), limit);
    try {
      const [answer] = (await Promise.race([
        once(this.child, "message", { signal: stopped.signal }),
        once(this.child, "exit", { signal: stopped.signal }).then(([code, signal]) => {
          throw new Error(`the process of the tests ended by itself (${code ?? signal})`);
        }),
        new Promise<never>((_, reject) => this.child!.send(request, (e) => e && reject(e))),
      ])) as [TestReport];
      return answer;
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
      this.stop();
      return { milliseconds: performance.now() - begin, failed: "time limit" };
    } finally {
      clearTimeout(timer);
      stopped.abort();
    }
  }

  /** Ends the process with everything it has started. */
  stop(): void {
    if (this.child?.pid !== undefined && this.child.exitCode === null) {
      try {
        process.kill(-this.child.pid, "SIGKILL");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
    this.child = null;
  }

  private async start(): Promise<ChildProcess> {
    // A group of its own: workers that hang in a loop end with it.
    const child = fork(script, [this.root], {
      execArgv: ["--import", "tsx"],
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.child = child;
    await once(child, "message");
    return child;
  }
}
