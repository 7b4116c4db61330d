import type { ChildProcess } from "node:child_process";
import type { MaskServerOptions } from "../../../jobs/serve-masks.ts";
import { UserError } from "../../../user-error.ts";
import { diedError, endChild, receivedError, startModule } from "../child-process.ts";
import type { FromMasks, MaskAnswer, MaskWork, ModelFacts, ToMasks } from "./mask-messages.ts";

interface Waiting {
  resolve(answer: MaskAnswer): void;
  reject(error: Error): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly waiting: Map<number, Waiting>;
  readonly facts: Promise<ModelFacts>;
}

/** The process that makes masks, as its server sees it. If it dies, what it was asked fails, and the next question starts it again. */
export class MaskWorker {
  private running: Running | undefined;
  private count = 0;
  private version: string | undefined;
  private isClosed = false;

  constructor(private readonly options: MaskServerOptions) {}

  /** What is known about the model, once it is open. */
  async facts(): Promise<ModelFacts> {
    const facts = await this.run().facts;
    this.version ??= facts.version;
    return facts;
  }

  /** Number of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.running?.child.pid;
  }

  async mask(work: MaskWork): Promise<MaskAnswer> {
    const running = this.run();
    const { version } = await running.facts;
    if (version !== this.version) {
      throw new UserError(`model: it has changed from ${this.version} to ${version}; start the server again`); // prettier-ignore
    }
    const id = this.count++;
    return new Promise((resolve, reject) => {
      running.waiting.set(id, { resolve, reject });
      send(running.child, { type: "mask", id, work });
      // It may have died since.
      if (this.running !== running) reject(diedError(running.child, ""));
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.running) await endChild(this.running.child);
  }

  private run(): Running {
    if (this.running) return this.running;
    if (this.isClosed) throw new Error("the server is closed");
    // What it complains about goes to the terminal.
    const child = startModule(new URL("./mask-process", import.meta.url), { errors: 2 });
    const waiting = new Map<number, Waiting>();
    const facts = new Promise<ModelFacts>((resolve, reject) => {
      child.on("message", (message: FromMasks) => {
        if (message.type === "opened") return resolve(message.facts);
        if (message.type === "failed") return reject(receivedError(message.error));
        const one = waiting.get(message.id);
        waiting.delete(message.id);
        if (message.type === "made") one?.resolve(message.answer);
        else one?.reject(receivedError(message.error));
      });
      const end = (): void => {
        if (this.running?.child === child) this.running = undefined;
        const error = diedError(child, "");
        reject(error);
        for (const one of waiting.values()) one.reject(error);
        waiting.clear();
      };
      child.once("close", end).once("error", end);
    });
    facts.catch(() => void endChild(child));
    send(child, { type: "open", options: this.options });
    this.running = { child, waiting, facts };
    return this.running;
  }
}

function send(child: ChildProcess, message: ToMasks): void {
  if (child.connected) child.send(message, () => undefined);
}
