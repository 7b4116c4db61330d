import { z } from "zod";
import { parseJson } from "../../../files/text/parse-json.ts";
import type { AppendFile, Store } from "../../../host/store.ts";
import { verdictSchema } from "../../protocol.ts";

const common = { time: z.iso.datetime(), image: z.string(), rev: z.int().min(0) };

/** A line of `review.jsonl`: what became of the mask of an image, by its name. */
const entrySchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("verdict"),
    ...common,
    verdict: verdictSchema,
    /** Whether the image was drawn at random for the queue. */
    drawn: z.boolean(),
    /** Confidence of the draft; null without one. */
    confidence: z.number().nullable(),
    /** The model that the draft is of; null without one. */
    model: z.string().nullable(),
    /** Pixels of each class in the accepted mask, in the draft as it was first shown, and in both. */
    pixels: z.array(z.tuple([z.string(), z.number(), z.number(), z.number()])),
  }),
  /** A person began to change a draft, which is kept as it was. */
  z.object({
    type: z.literal("begun"),
    ...common,
    confidence: z.number().nullable(),
    model: z.string().nullable(),
  }),
  /** The strokes up to this revision are in the PNG. */
  z.object({ type: z.literal("stored"), ...common }),
  /** The correction was forgotten. */
  z.object({ type: z.literal("reset"), ...common }),
]);
export type ReviewEntry = z.infer<typeof entrySchema>;
export type BegunEntry = Extract<ReviewEntry, { type: "begun" }>;
export type VerdictEntry = Extract<ReviewEntry, { type: "verdict" }>;

/** `review.jsonl`, which only grows. */
export class ReviewLog {
  private previous: Promise<void> = Promise.resolve();

  private constructor(private readonly file: AppendFile) {}

  /**
   * Opens the log and reads what is in it. A last line that is cut short, as a killed process leaves it, is removed; other lines that
   * cannot be understood stay and are told.
   */
  static async open(
    store: Store,
    path: string,
    tell: (message: string) => void,
  ): Promise<{ readonly log: ReviewLog; readonly entries: ReviewEntry[] }> {
    const text = (await store.stat(path)) ? await store.readText(path) : "";
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) {
      tell(`${path}: its last line was cut short, as by a crash, and is removed`);
    }
    const entries: ReviewEntry[] = [];
    whole.split("\n").forEach((line, i) => {
      if (line === "") return;
      const entry = parseEntry(line);
      if (entry) entries.push(entry);
      else tell(`${path}: line ${i + 1} cannot be understood and is not used`);
    });
    if (text === "") await store.write([{ path, data: "" }]);
    const file = await store.append(path, Buffer.byteLength(whole));
    return { log: new ReviewLog(file), entries };
  }

  /** Adds an entry; it is on the disk when this resolves. */
  async append(entry: ReviewEntry): Promise<void> {
    // Lines of several images that come at the same time must not be written over each other.
    this.previous = this.previous
      .catch(() => undefined)
      .then(async () => {
        await this.file.append(`${JSON.stringify(entry)}\n`);
        await this.file.sync();
      });
    await this.previous;
  }

  async close(): Promise<void> {
    await this.previous.catch(() => undefined);
    await this.file.close();
  }
}

function parseEntry(line: string): ReviewEntry | undefined {
  try {
    return entrySchema.safeParse(parseJson(line)).data;
  } catch {
    return undefined;
  }
}
