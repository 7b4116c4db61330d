import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../src/engine/random.ts";
import { nodeCodec } from "../../src/host/node/images/codec.ts";
import type { LabelMap } from "../../src/method/images/image.ts";
import { applyPatch, decodeMask, encodePatch, type Patch } from "../../src/studio/patches.ts";
import { startStudio, type StartedStudio } from "./start-studio.ts";

/** What the person of a session knows of an image. */
interface Known {
  rev: number;
  map: LabelMap;
  verdict: string;
}

/** What was sent when the server was killed, whose answer nobody got. */
interface Pending {
  readonly id: number;
  readonly patch?: Patch;
  readonly verdict?: string;
}

/**
 * A person who paints and judges, and whose server is killed with SIGKILL again and again: after each kill the masks must be those that
 * were answered, with or without the one change that was under way, and all files whole.
 */
export class ReviewSession {
  private readonly known = new Map<number, Known>();
  private pending: Pending | undefined;
  /** Kills so far, and how many of them the change under way survived. */
  kills = 0;
  survived = 0;
  answered = 0;

  constructor(
    private readonly folder: string,
    private readonly images: number,
    /** Width and height of all images. */
    private readonly size: number,
    private readonly classes: number,
    private readonly random: Random,
  ) {}

  /** Opens the server, checks everything, works for a while, and kills it in the middle of a change. */
  async round(): Promise<void> {
    const studio = await startStudio(this.folder);
    try {
      await studio.indexed();
      await this.check(studio);
      const changes = 3 + this.random.int(12);
      for (let k = 0; k < changes; k++) await this.change(studio, this.next());
      const last = this.next();
      this.pending = last;
      // The process is killed while it takes the change, writes it, or has just answered.
      const sent = this.send(studio, last).catch(() => undefined);
      const pause = this.random.uniform(0, 12);
      await new Promise((resolve) => setTimeout(resolve, pause));
      await studio.kill();
      await sent;
      this.kills++;
    } finally {
      await studio.kill();
    }
  }

  /** Opens the server a last time, checks everything and closes it in order. */
  async finish(): Promise<void> {
    const studio = await startStudio(this.folder);
    await studio.indexed();
    await this.check(studio);
    const code = await studio.stop();
    if (code !== 0 && code !== 130) throw new Error(`the studio ended with ${code}`);
    const left = filesIn(join(this.folder, ".tag2mask/journal"));
    if (left.length > 0) throw new Error(`journals that were not put into masks: ${left.join()}`);
    await this.checkFiles();
  }

  private next(): Pending {
    const { random } = this;
    const id = random.int(this.images);
    const known = this.known.get(id)!;
    if (random.chance(0.2)) {
      const verdicts = ["accepted", "rejected", "unsure", "none"].filter((verdict) => verdict !== known.verdict); // prettier-ignore
      const verdict = verdicts[random.int(verdicts.length)]!;
      // There is no mask to accept where nobody painted.
      return { id, verdict: known.rev === 0 && verdict === "accepted" ? "unsure" : verdict };
    }
    const [width, height] = [1 + random.int(20), 1 + random.int(20)];
    const [x, y] = [random.int(known.map.width - width), random.int(known.map.height - height)];
    const label = random.int(this.classes + 1);
    const labels = Uint8Array.from({ length: width * height }, () => random.chance(0.9) ? label : 255); // prettier-ignore
    return { id, patch: { x, y, width, height, labels } };
  }

  private async change(studio: StartedStudio, change: Pending): Promise<void> {
    const response = await this.send(studio, change);
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    this.take(change);
    this.answered++;
  }

  private send(studio: StartedStudio, { id, patch, verdict }: Pending): Promise<Response> {
    const { rev } = this.known.get(id)!;
    if (!patch) {
      return studio.request(`/api/images/${id}/verdict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ rev, verdict }),
      });
    }
    return studio.request(`/api/images/${id}/strokes`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream", "if-match": String(rev) },
      body: encodePatch(patch),
    });
  }

  private take({ id, patch, verdict }: Pending): void {
    const known = this.known.get(id)!;
    if (verdict !== undefined) known.verdict = verdict;
    if (!patch) return;
    applyPatch(known.map, patch);
    known.rev++;
  }

  private async check(studio: StartedStudio): Promise<void> {
    const ids = Array.from({ length: this.images }, (_, id) => id);
    const details = await studio.send<{ verdict: string }[]>("POST", "/api/images/details", { ids }); // prettier-ignore
    const { pending } = this;
    this.pending = undefined;
    for (const id of ids) {
      const response = await studio.request(`/api/images/${id}/mask`);
      const rev = Number(response.headers.get("x-mask-rev"));
      const bytes = new Uint8Array(await response.arrayBuffer());
      const { verdict } = details[id]!;
      const blank = {
        width: this.size,
        height: this.size,
        data: new Uint8Array(this.size ** 2).fill(255),
      };
      const known = this.known.get(id) ?? { rev: 0, map: blank, verdict: "none" };
      this.known.set(id, known);
      if (pending?.id === id && (rev !== known.rev || verdict !== known.verdict)) {
        this.take(pending);
        this.survived++;
      }
      if (rev !== known.rev) throw new Error(`image ${id}: revision ${rev}, but ${known.rev} was answered`); // prettier-ignore
      if (verdict !== known.verdict) throw new Error(`image ${id}: verdict ${verdict}, but ${known.verdict} was answered`); // prettier-ignore
      const map = bytes.length > 0 ? decodeMask(bytes) : blank;
      const wrong = map.data.findIndex((label, i) => label !== known.map.data[i]);
      if (wrong >= 0) throw new Error(`image ${id}: label ${map.data[wrong]} at ${wrong}, but ${known.map.data[wrong]} was answered`); // prettier-ignore
    }
    await this.checkFiles();
  }

  /** All masks can be decoded, and every line of the log is whole. */
  private async checkFiles(): Promise<void> {
    const project = join(this.folder, ".tag2mask");
    for (const name of ["corrections", "set-aside", "bases"]) {
      const files = filesIn(join(project, name)).filter((file) => file.endsWith(".png"));
      for (const file of files) await nodeCodec.decodeLabels(join(project, name, file));
    }
    const lines = readFileSync(join(project, "review.jsonl"), "utf8").split("\n");
    if (lines.pop() !== "") throw new Error("review.jsonl: its last line is not whole");
    for (const line of lines) JSON.parse(line);
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
