import type { z } from "zod";
import type { LostDetail } from "../../../files/formats/lost-details.ts";
import { maskFormats, type MaskFormat } from "../../../files/formats/formats.ts";
import { nextFree } from "../../../files/run/files.ts";
import { safeFileName } from "../../../files/text/file-name.ts";
import { join } from "../../../files/text/path.ts";
import { counted } from "../../../files/text/units.ts";
import { UserError } from "../../../user-error.ts";
import type { MaskExportJob } from "../../../jobs/export-masks.ts";
import type {
  Export,
  ExportCheck,
  exportRequestSchema,
  modelExportSchema,
} from "../../protocol.ts";
import { jobInChild } from "../child-process.ts";
import { conflict, RequestError } from "../failure.ts";
import type { MaskBook } from "../masks/mask-book.ts";
import type { Studio } from "../studio.ts";
import { countFiles, readRecords, scratchPrefix, writeRecord } from "./export-records.ts";
import type { ExportWork, ExportWorkEvent } from "./export-process.ts";
import { selectMasks, type SelectedMask } from "./select-masks.ts";

type Request = z.output<typeof exportRequestSchema>;
type ModelRequest = z.output<typeof modelExportSchema>;
type Losses = Export["losses"];

/** Most masks that are looked at to tell losses: the page waits for the answer. */
const mostChecked = 100;

/** Milliseconds between two events of an export. */
const pause = 250;

const precisions = { fp32: "float32", fp16: "float16", int8: "int8" } as const;

type Library = Pick<Studio, "host" | "folder" | "events" | "images" | "models">;

/** The exports of a project, each in a process of its own and a folder of its own below `exports`. */
export class Exports {
  private readonly running = new Map<string, { stop: AbortController; ended: Promise<void> }>();
  private checking: Promise<unknown> = Promise.resolve();
  private scratches = 0;

  private constructor(
    private readonly studio: Library,
    private readonly masks: MaskBook,
    private exports: readonly Export[],
  ) {}

  static async open(studio: Library, masks: MaskBook): Promise<Exports> {
    const known = await readRecords(studio.host.store, join(studio.folder, "exports"));
    return new Exports(studio, masks, known);
  }

  /** Newest first. */
  list(): readonly Export[] {
    return this.exports;
  }

  /** What an export would hold, leave out and lose. @param signal ends the work when nobody waits for the answer any more */
  check(request: Request, signal: AbortSignal): Promise<ExportCheck> {
    const checked = this.checking.catch(() => undefined).then(() => this.look(request, signal));
    this.checking = checked;
    return checked;
  }

  /** Begins to write masks. */
  async start(request: Request): Promise<Export> {
    const formats = formatsOf(request);
    const { masks } = await selectMasks(this.studio, this.masks, request.which);
    if (masks.length === 0) {
      throw new UserError("There are no masks to export: accept some in the review, or export the drafts too.", { code: "no-masks" }); // prettier-ignore
    }
    const one = await this.claim(request.name, formats.join("-"), masks.length);
    return this.run(one, async (signal) => {
      const scratch = this.scratch();
      try {
        const job = await this.jobOf(masks, formats, { out: one.path, scratch, signal });
        return await this.write(one, { kind: "masks", job: { ...job, overlays: request.overlays } }, signal); // prettier-ignore
      } finally {
        await this.studio.host.store.remove(scratch);
      }
    });
  }

  /** Begins to write a model. */
  async startModel({ model, format, precision }: ModelRequest): Promise<Export> {
    const { images, models } = this.studio;
    const run = models.runs().find(({ id }) => id === model);
    if (!run) throw new RequestError(404, "not-found", `There is no model ${model}.`);
    if (format === "transformers.js" && precision !== "fp32") {
      throw new UserError("transformers.js takes weights of 32 bits only: choose these, or ONNX.");
    }
    const counts = images.counted();
    const perClass = Object.fromEntries(
      images.classes.map((name, tag) => [name, counts.perClass[tag]!]),
    );
    const tagged = counts.images - counts.untagged;
    const one = await this.claim(undefined, `${safeFileName(model)}-${format.replace(".", "")}`, 1);
    const job = {
      ...{ run: run.path, out: one.path, images: tagged, perClass },
      format: format === "onnx" ? ("onnx" as const) : ("transformersjs" as const),
      precision: precisions[precision],
    };
    return this.run(one, (signal) => this.write(one, { kind: "model", job }, signal));
  }

  /** Stops what runs; what it wrote is removed. */
  async close(): Promise<void> {
    const all = [...this.running.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ ended }) => ended));
    await this.checking.catch(() => undefined);
  }

  private get root(): string {
    return join(this.studio.folder, "exports");
  }

  private scratch(): string {
    return join(this.root, `${scratchPrefix}${process.pid}-${this.scratches++}`);
  }

  private async claim(name: string | undefined, usual: string, total: number): Promise<Export> {
    const { store } = this.studio.host;
    await store.makeFolder(this.root);
    let path: string;
    if (name === undefined) path = await nextFree(store, this.root, usual);
    else {
      path = join(this.root, safeFileName(name));
      if (!(await store.claimFolder(path))) {
        throw conflict(`${path}: there is an export of this name already; choose another one.`);
      }
    }
    const id = path.slice(this.root.length + 1);
    return { id, state: "running", done: 0, total, path, files: 0, error: null, losses: [] };
  }

  private async run(one: Export, work: (signal: AbortSignal) => Promise<Losses>): Promise<Export> {
    await this.change(one);
    const stop = new AbortController();
    const ended = work(stop.signal)
      .then(async (losses) => {
        const files = await countFiles(this.studio.host.store, one.path);
        await this.change({ ...this.now(one), state: "done", done: one.total, files, losses });
      })
      .catch(async (error: unknown) => {
        await this.studio.host.store.remove(one.path).catch(() => undefined);
        const told = error instanceof Error ? error.message : String(error);
        await this.change({ ...this.now(one), state: "failed", error: told });
      })
      .finally(() => this.running.delete(one.id));
    this.running.set(one.id, { stop, ended });
    return one;
  }

  private now(one: Export): Export {
    return this.exports.find(({ id }) => id === one.id) ?? one;
  }

  /** Keeps and tells a new state of an export. */
  private async change(one: Export): Promise<void> {
    this.show(one);
    const { store } = this.studio.host;
    if (one.state !== "failed") return writeRecord(store, this.root, one);
    await store.remove(join(this.root, `.${one.id}.json`));
  }

  private show(one: Export): void {
    const others = this.exports.filter(({ id }) => id !== one.id);
    const isKnown = others.length < this.exports.length;
    this.exports = isKnown ? this.exports.map((other) => (other.id === one.id ? one : other)) : [one, ...others]; // prettier-ignore
    this.studio.events.publish({ type: "export", export: one });
  }

  private async write(one: Export, work: ExportWork, signal: AbortSignal): Promise<Losses> {
    let told = 0;
    const problems: string[] = [];
    for await (const event of this.events(work, signal)) {
      if (event.type === "stopped") throw new UserError("The export was stopped.");
      if (event.type === "skipped") problems.push(event.message);
      if (event.type === "progress" && Date.now() - told >= pause) {
        told = Date.now();
        this.show({ ...this.now(one), done: event.done });
      }
      if (event.type === "exported") return [];
      if (event.type !== "done") continue;
      const formats = work.kind === "model" ? "" : work.job.formats.join(", ");
      return [
        ...problems.map((message) => ({ format: formats, message: `left out: ${message}` })),
        ...event.lost.map((lost) => ({ format: formats, message: lossOf(lost, event.masks) })),
      ];
    }
    throw new UserError("The export was stopped.");
  }

  private events(work: ExportWork, signal: AbortSignal): AsyncGenerator<ExportWorkEvent> {
    const module = new URL("./export-process", import.meta.url);
    return jobInChild<ExportWorkEvent>(module, work, { signal });
  }

  private async look(request: Request, signal: AbortSignal): Promise<ExportCheck> {
    const formats = formatsOf(request);
    const { masks, leftOut } = await selectMasks(this.studio, this.masks, request.which);
    if (masks.length === 0 || signal.aborted) return { images: masks.length, leftOut, losses: [] };
    // Spread over all of them.
    const step = Math.max(1, masks.length / mostChecked);
    const looked = masks.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
    const scratch = this.scratch();
    const losses: Losses = [];
    const broken = new Map<string, number>();
    try {
      const job = await this.jobOf(looked, formats, { out: join(scratch, "out"), scratch, signal });
      for await (const event of this.events({ kind: "check", job }, signal)) {
        if (event.type === "skipped") broken.set(event.message, 1);
        if (event.type !== "losses") continue;
        for (const { format, lost } of event.losses) {
          for (const one of lost) losses.push({ format, message: lossOf(one, looked.length, looked.length < masks.length) }); // prettier-ignore
        }
      }
    } finally {
      await this.studio.host.store.remove(scratch);
    }
    const reasons = [...broken].map(([reason, images]) => ({ reason, images }));
    return { images: masks.length - broken.size, leftOut: [...leftOut, ...reasons], losses };
  }

  /** The job that writes masks. Drafts are stored in a folder that is removed afterwards. */
  private async jobOf(
    selected: readonly SelectedMask[],
    formats: readonly MaskFormat[],
    { out, scratch, signal }: { out: string; scratch: string; signal: AbortSignal },
  ): Promise<MaskExportJob> {
    const { host, images } = this.studio;
    await this.masks.flush();
    const numbering = await this.masks.projectLabels();
    const classes = [...images.classes];
    const masks: MaskExportJob["masks"][number][] = [];
    for (const { image, draft } of selected) {
      if (signal.aborted) break;
      const about = { name: image.name, image: image.path };
      const correction = this.masks.correctionFile(image.name);
      if (correction !== undefined) masks.push({ ...about, mask: correction, numbering: 0 });
      else if (draft !== undefined) {
        const data = await this.masks.draftPng(image.id);
        if (!data) continue;
        const mask = join(scratch, `${image.name}.png`);
        await host.store.write([{ path: mask, data }], { durable: false });
        masks.push({ ...about, mask, numbering: 1, confidence: draft });
      }
    }
    const own = Array.from({ length: classes.length + 1 }, (_, label) => label);
    return { masks, classes, numberings: [numbering, own], formats, out };
  }
}

function formatsOf({ formats }: Request): MaskFormat[] {
  return [...new Set(formats)].map((name) => {
    const known = maskFormats.find((format) => format === name);
    if (known === undefined) {
      throw new UserError(`${name}: no format of masks; they are ${maskFormats.join(", ")}`, { code: "usage" }); // prettier-ignore
    }
    return known;
  });
}

/** @param isSample whether there are more masks than were looked at */
function lossOf({ what, images, objects }: LostDetail, masks: number, isSample = false): string {
  const of = `${counted(masks, "mask")}${isSample ? " looked at" : ""}`;
  return `in ${images} of ${of}: ${what}${objects === undefined ? "" : ` (${counted(objects, "object")})`}`;
}
