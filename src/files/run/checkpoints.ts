import type { Store } from "../../host/store.ts";
import type { TrainingState } from "../../method/train/events.ts";
import { UserError } from "../../user-error.ts";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "../weights/safetensors.ts";
import { basename, join } from "../text/path.ts";
import { inUnits } from "../text/units.ts";

/** A complete checkpoint. */
export interface LoadedCheckpoint {
  readonly file: string;
  readonly state: TrainingState;
  /** Sentences about damaged checkpoints, which were skipped. */
  readonly messages: readonly string[];
}

/**
 * The checkpoints of a run: the newest of `step-000100.safetensors`, `step-000200.safetensors`, …, and
 * `last.safetensors` and `best.safetensors`, which are second names of two of these files.
 */
export class Checkpoints {
  /**
   * @param keep number of `step-N` files to keep
   * @param metadata texts to store in every checkpoint beside those of its state
   */
  constructor(
    private readonly store: Store,
    readonly folder: string,
    private readonly metadata: Readonly<Record<string, string>> = {},
    private readonly keep = 2,
  ) {}

  /** File name of the checkpoint of a step. */
  fileName(step: number): string {
    return `step-${String(step).padStart(6, "0")}.safetensors`;
  }

  /** Stores a checkpoint; if that fails, older ones stay intact. */
  async save(state: TrainingState, best: boolean): Promise<string> {
    const name = this.fileName(state.step);
    const path = join(this.folder, name);
    const metadata = { ...state.metadata, ...this.metadata, step: String(state.step) };
    const chunks = encodeSafetensors(state.tensors, metadata);
    try {
      await this.store.write([{ path, data: chunks }]);
      await this.alias(name, "last.safetensors");
      if (best) await this.alias(name, "best.safetensors");
    } catch (error) {
      throw await this.describeFailure(chunks, error);
    }
    await this.removeOlder(state.step);
    return path;
  }

  /** Removes the checkpoints that a newer, complete one makes superfluous. */
  private async removeOlder(newest: number): Promise<void> {
    const older = (await this.steps()).filter((step) => step < newest);
    for (const step of older.slice(Math.max(0, this.keep - 1))) {
      await this.store.remove(join(this.folder, this.fileName(step)));
    }
  }

  /**
   * Reads the newest complete checkpoint: `last`, or a `step-N` that is newer (the run was killed before it renamed
   * `last`), or else any that is complete, with a message. Undefined if none was ever written; a UserError if all
   * are damaged.
   */
  async load(): Promise<LoadedCheckpoint | undefined> {
    const messages: string[] = [];
    const steps = await this.steps();
    const last = await this.tryRead("last.safetensors", messages);
    const newer = steps.filter((step) => last === undefined || step > last.step);
    for (const step of newer) {
      const name = this.fileName(step);
      const state = await this.tryRead(name, messages);
      if (!state) continue;
      await this.alias(name, "last.safetensors");
      if (last && messages.length === 0) await this.removeOlder(step);
      if (!last)
        messages.push(
          `${this.folder}: last.safetensors is missing or damaged; resuming from ${name}`,
        );
      return { file: join(this.folder, name), state, messages };
    }
    if (last) {
      // The run was killed before it could.
      if (messages.length === 0) await this.removeOlder(last.step);
      return { file: join(this.folder, "last.safetensors"), state: last, messages };
    }
    const best = await this.tryRead("best.safetensors", messages);
    if (best) {
      messages.push(`${this.folder}: resuming from best.safetensors, step ${best.step}`);
      return { file: join(this.folder, "best.safetensors"), state: best, messages };
    }
    if (messages.length === 0) return undefined;
    throw new UserError(
      `${this.folder}: every checkpoint in it is damaged; start a new run; ${messages.join("; ")}`,
    );
  }

  /** Links `best.safetensors` to a loaded checkpoint, whose run was killed before it could. */
  async markBest({ file }: LoadedCheckpoint): Promise<void> {
    const name = basename(file);
    if (name !== "best.safetensors") await this.alias(name, "best.safetensors");
  }

  /** Whether there is a complete checkpoint, or the disk does not tell. */
  async mayExist(): Promise<boolean> {
    return this.steps().then(
      (steps) => steps.length > 0,
      () => true,
    );
  }

  /** Steps of the `step-N` files, newest first. */
  private async steps(): Promise<number[]> {
    const { files } = await this.store.list(this.folder);
    const numbers = files.flatMap((name) => {
      const match = /^step-(\d+)\.safetensors$/.exec(name);
      return match ? [Number(match[1])] : [];
    });
    return numbers.sort((a, b) => b - a);
  }

  private async tryRead(name: string, messages: string[]): Promise<TrainingState | undefined> {
    const path = join(this.folder, name);
    if ((await this.store.stat(path)) === undefined) return undefined;
    try {
      const { tensors, metadata } = await readTensorFile(this.store, path);
      const step = Number(metadata["step"] ?? NaN);
      if (!Number.isSafeInteger(step) || step < 0) {
        throw new UserError(`${path}: has weights but no training step to resume from`);
      }
      return { step, tensors, metadata };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      messages.push(error.message);
      return undefined;
    }
  }

  private async alias(name: string, second: string): Promise<void> {
    await this.store.link(join(this.folder, name), join(this.folder, second));
  }

  /** Adds to an error the space that a checkpoint takes and the older one that is intact. */
  private async describeFailure(chunks: readonly Uint8Array[], error: unknown): Promise<unknown> {
    if (!(error instanceof UserError)) return error;
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const free = await this.store.freeSpace(this.folder);
    const space = free === undefined ? "free space unknown" : `${inUnits(free)} free`;
    const [newest] = await this.steps().catch(() => []);
    const older =
      newest === undefined ? "no older checkpoint exists" : `that of step ${newest} is intact`;
    return new UserError(
      `${error.message} (the checkpoint takes ${inUnits(size)}, ${space}); ${older}`,
      { cause: error },
    );
  }
}

/** Reads a safetensors file whole; messages name it. */
export async function readTensorFile(store: Store, path: string): Promise<TensorFile> {
  return decodeSafetensors(await store.read(path), path);
}
