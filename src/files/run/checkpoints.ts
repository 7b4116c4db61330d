import { copyFile, link, readdir, readFile, rename, rm, statfs } from "node:fs/promises";
import { basename, join } from "node:path";
import type { TrainingState } from "../../method/train/events.ts";
import { UserError } from "../../user-error.ts";
import { decodeSafetensors, encodeSafetensors, type TensorFile } from "../weights/safetensors.ts";
import { writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import { describeFileError, unreadable } from "../../host/node/files/file-error.ts";
import { inUnits } from "../text/units.ts";

/** A checkpoint found whole, and what had to be passed over to find it. */
export interface FoundCheckpoint {
  readonly file: string;
  readonly state: TrainingState;
  readonly messages: readonly string[];
}

/**
 * The checkpoints of a run: `step-000100.safetensors`, …, of which the newest are kept, and
 * `last.safetensors` and `best.safetensors`, which are further names of the same files.
 */
export class Checkpoints {
  /** @param keep how many `step-N` to keep */
  constructor(
    readonly folder: string,
    private readonly keep = 2,
  ) {}

  /** File name of the checkpoint of a step. */
  fileName(step: number): string {
    return `step-${String(step).padStart(6, "0")}.safetensors`;
  }

  /** Stores a checkpoint; whatever stops it, older ones stay whole. */
  async save(state: TrainingState, best: boolean): Promise<string> {
    const name = this.fileName(state.step);
    const path = join(this.folder, name);
    const metadata = { ...state.metadata, step: String(state.step) };
    const chunks = encodeSafetensors(state.tensors, metadata);
    try {
      await writeFileAtomic(path, chunks);
      await this.alias(name, "last.safetensors");
      if (best) await this.alias(name, "best.safetensors");
    } catch (error) {
      throw await this.failed(path, chunks, error);
    }
    const older = (await this.steps()).filter((step) => step < state.step);
    for (const step of older.slice(Math.max(0, this.keep - 1))) {
      await rm(join(this.folder, this.fileName(step)), { force: true });
    }
    return path;
  }

  /**
   * The newest whole checkpoint: `last`, or a `step-N` that is newer (the run was killed in between),
   * or else whatever is whole, with a message. Undefined where none was ever written; a UserError where
   * none is whole.
   */
  async load(): Promise<FoundCheckpoint | undefined> {
    const messages: string[] = [];
    const steps = await this.steps();
    const last = await this.tryRead("last.safetensors", messages);
    const newer = steps.filter((step) => last === undefined || step > last.step);
    for (const step of newer) {
      const name = this.fileName(step);
      const state = await this.tryRead(name, messages);
      if (!state) continue;
      await this.alias(name, "last.safetensors");
      if (!last) messages.push(`${this.folder}: no whole last.safetensors, going on from ${name}`);
      return { file: join(this.folder, name), state, messages };
    }
    if (last) return { file: join(this.folder, "last.safetensors"), state: last, messages };
    const best = await this.tryRead("best.safetensors", messages);
    if (best) {
      messages.push(`${this.folder}: going on from best.safetensors, step ${best.step}`);
      return { file: join(this.folder, "best.safetensors"), state: best, messages };
    }
    if (messages.length === 0) return undefined;
    throw new UserError(
      `${this.folder}: none of its checkpoints is whole; start the training anew\n  ${messages.join("\n  ")}`,
    );
  }

  /** Makes a checkpoint that `load` found the best one, as its run was about to when it was killed. */
  async markBest({ file }: FoundCheckpoint): Promise<void> {
    const name = basename(file);
    if (name !== "best.safetensors") await this.alias(name, "best.safetensors");
  }

  /** Steps of the `step-N` files, newest first. */
  private async steps(): Promise<number[]> {
    const numbers = (await readdir(this.folder)).flatMap((name) => {
      const match = /^step-(\d+)\.safetensors$/.exec(name);
      return match ? [Number(match[1])] : [];
    });
    return numbers.sort((a, b) => b - a);
  }

  private async tryRead(name: string, messages: string[]): Promise<TrainingState | undefined> {
    const path = join(this.folder, name);
    try {
      const { tensors, metadata } = await readTensorFile(path);
      const step = Number(metadata["step"] ?? NaN);
      if (!Number.isSafeInteger(step) || step < 0) {
        throw new UserError(`${path}: holds weights alone, no step to go on from`);
      }
      return { step, tensors, metadata };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const missing = (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
      if (!missing) messages.push(error.message);
      return undefined;
    }
  }

  /** Gives a checkpoint a second name, without a moment at which that name is missing or half there. */
  private async alias(name: string, second: string): Promise<void> {
    const temporary = join(this.folder, `.${second}.${process.pid}.tmp`);
    const path = join(this.folder, name);
    await rm(temporary, { force: true });
    try {
      // A hard link costs no space; not every file system has them.
      await link(path, temporary).catch(() => copyFile(path, temporary));
      await rename(temporary, join(this.folder, second));
    } finally {
      // Renaming one name of a file to another name of the same file leaves both.
      await rm(temporary, { force: true });
    }
  }

  private async failed(path: string, chunks: Uint8Array[], error: unknown): Promise<UserError> {
    const needed = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const free = await statfs(this.folder).then(
      ({ bavail, bsize }) => `${inUnits(bavail * bsize)} free`,
      () => "free space unknown",
    );
    const reason =
      error instanceof UserError ? error.message : `${path}: ${describeFileError(error)}`;
    const whole = (await this.steps().catch(() => []))[0];
    const kept = whole === undefined ? "there is no older one" : `that of step ${whole} is intact`;
    return new UserError(`${reason} (the checkpoint takes ${inUnits(needed)}, ${free}); ${kept}`, {
      cause: error,
    });
  }
}

/** Reads a safetensors file; messages name it. */
export async function readTensorFile(path: string): Promise<TensorFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  return decodeSafetensors(bytes, path);
}
