import { z } from "zod";
import { exportSchema } from "./export-protocol.ts";

/**
 * What the page and the server of the studio say to each other. Ids of images are numbers of the server's index, never paths;
 * ids of runs are folder names below `.tag2mask/runs`. Classes are numbered from 0 in the order of `Project.classes`, to which
 * new ones are appended while the server runs; label i + 1 of a mask is classes[i], 0 is background, 255 not known.
 *
 * Every request but the one of the page itself carries the token in the header `x-tag2mask-token`.
 */
export const tokenHeader = "x-tag2mask-token";

/** A failed request: status 4xx or 5xx with this body. */
export const failureSchema = z.object({
  /** Code of a UserError, or `conflict`, `not-found`, `too-large`, `forbidden`, `internal`. */
  code: z.string(),
  /** A sentence for the person: what is wrong and what to do. */
  message: z.string(),
});
export type Failure = z.infer<typeof failureSchema>;

export const verdicts = ["none", "accepted", "rejected", "unsure"] as const;
export const verdictSchema = z.enum(verdicts);
export type Verdict = z.infer<typeof verdictSchema>;

export const sorts = ["name", "confidence", "queue"] as const;
/**
 * Which images, in which order: `GET /api/images` answers with records (records.ts), 10,000 a page.
 * `queue` is the order of the review: images without a verdict, least sure first, among which every fifth is drawn at random.
 */
export const imagesQuerySchema = z.object({
  sort: z.enum(sorts).default("name"),
  /** Position to go on from: `next` of the page before. */
  cursor: z.coerce.number().int().min(0).default(0),
  split: z.string().max(200).optional(),
  /** Number of a class that the images have. */
  tag: z.coerce.number().int().min(0).optional(),
  /** Only images whose tags are not known. */
  untagged: z.enum(["1"]).optional(),
  /** Only images with a problem. */
  problems: z.enum(["1"]).optional(),
  verdict: verdictSchema.optional(),
  /** Part of the file name, in any case. */
  text: z.string().max(200).optional(),
});
export type ImagesQuery = z.input<typeof imagesQuerySchema>;

/** Most images of one request for details. */
export const mostDetails = 500;
/** `POST /api/images/details` */
export const detailsRequestSchema = z.object({
  ids: z.array(z.number().int().min(0)).max(mostDetails),
});

export const imageDetailsSchema = z.object({
  id: z.number(),
  /** Unique name without ending, as in file names of masks. */
  name: z.string(),
  /** Path from the data folder, with `/`. */
  file: z.string(),
  /**
   * Changes with the file's content; "0" before it was looked at. `/api/images/:id/thumb?v=<version>` and `/image?v=<version>` may be
   * kept for ever; with another version, or without, the browser asks again each time.
   */
  version: z.string(),
  tags: z.array(z.number()),
  /** Whether the tags are not known; `tags` is empty then. */
  untagged: z.boolean(),
  /** Counts up with every change of the tags. */
  tagsRev: z.number(),
  /** Empty where the data names none. */
  split: z.string(),
  /** Upright, in pixels; 0 where not known yet. */
  width: z.number(),
  height: z.number(),
  verdict: verdictSchema,
  /** Counts up with every stroke and every replacement of the mask; 0 for a mask nobody has touched. */
  maskRev: z.number(),
  /** Whether the image was drawn at random for the queue, so that it counts for the expected mIoU. */
  drawn: z.boolean(),
  /** Confidence of the draft, 0..1; null without a draft. */
  confidence: z.number().nullable(),
  /** Tags that no pixel of the draft shows. */
  missing: z.array(z.number()),
  problems: z.array(z.string()),
});
export type ImageDetails = z.infer<typeof imageDetailsSchema>;

/** `GET /api/images/:id/neighbors`: ids of the images before and after one in the order of their names; null at the ends. */
export const neighborsSchema = z.object({
  previous: z.number().nullable(),
  next: z.number().nullable(),
});
export type Neighbors = z.infer<typeof neighborsSchema>;

/** `PUT /api/tags`: all changes are made or none; 409 with `tagConflictSchema` if a revision is not the current one. */
export const tagChangesSchema = z.object({
  changes: z
    .array(
      z.object({
        id: z.number().int().min(0),
        rev: z.number().int().min(0),
        tags: z.array(z.number().int().min(0)).max(254),
        /** Makes the tags unknown again; `tags` is empty then. */
        untagged: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(10_000),
});
export type TagChanges = z.input<typeof tagChangesSchema>;
export const tagsChangedSchema = z.object({
  revs: z.array(z.object({ id: z.number(), rev: z.number() })),
});
export const tagConflictSchema = failureSchema.extend({
  current: z.array(z.object({ id: z.number(), rev: z.number(), tags: z.array(z.number()) })),
});

/** `POST /api/classes`: appends a class and answers with all of them. */
export const newClassSchema = z.object({ name: z.string().trim().min(1).max(200) });
export const classesSchema = z.object({ classes: z.array(z.string()) });

/** `POST /api/suggest`: tags that the current model sees, best first. */
export const suggestRequestSchema = z.object({
  ids: z.array(z.number().int().min(0)).min(1).max(64),
});
export const suggestionsSchema = z.object({
  model: z.string(),
  images: z.array(
    z.object({
      id: z.number(),
      tags: z.array(z.object({ tag: z.number(), score: z.number() })),
    }),
  ),
});
export type Suggestions = z.infer<typeof suggestionsSchema>;

/**
 * How masks of tagged images are drafted: pseudo labels of a branch of the model, refined by PAR, with a class or background where both
 * background scores agree and 255 in between.
 */
export const draftMethodSchema = z
  .object({
    from: z.enum(["affinity", "cam"]),
    low: z.number().min(0).max(1),
    high: z.number().min(0).max(1),
  })
  .refine(({ low, high }) => low <= high, { message: "low may not be above high" });

/** A model that masks and suggestions can come from. */
export const modelSchema = z.object({
  /** Id of the run. */
  id: z.string(),
  step: z.number(),
  /** Best mIoU of its validations, 0..1; null without. */
  meanIou: z.number().nullable(),
  /** Number of images that have a draft by this model. */
  drafts: z.number(),
  /** How a person asked for them; null where they come from the branch of the model that fits the tags. */
  method: draftMethodSchema.nullable(),
});
export type Model = z.infer<typeof modelSchema>;

/** `GET /api/project` */
export const projectSchema = z.object({
  name: z.string(),
  version: z.string(),
  /** Absolute path of the data folder. */
  root: z.string(),
  /** Absolute path of the folder of the studio's own files. */
  folder: z.string(),
  /** Layout of the data, such as `plain`; `images` for a folder of images without tags, `empty` without images. */
  format: z.string(),
  classes: z.array(z.string()),
  /** Splits of the images, by which `ImageRecord.split` is numbered; the empty one stands for images without. */
  splits: z.array(z.string()),
  /** Why tags cannot be changed here; null if they can. */
  tagsFixed: z.string().nullable(),
  /** Progress of building the index; null once it is complete. */
  indexing: z.object({ done: z.number(), total: z.number().nullable() }).nullable(),
  counts: z.object({
    images: z.number(),
    untagged: z.number(),
    problems: z.number(),
    accepted: z.number(),
    rejected: z.number(),
    unsure: z.number(),
    /** Images whose mask was changed or accepted by a person. */
    corrections: z.number(),
    /** Images with each class. */
    perClass: z.array(z.number()),
  }),
  /** The first of the problems with the data as a whole. */
  problems: z.array(z.object({ severity: z.enum(["error", "warning"]), message: z.string() })),
  /** Models, newest first; the first is the current one. */
  models: z.array(modelSchema),
  /** Whether tags.csv was changed by another program while changes of this one are not written: see `/api/tags/reload`. */
  tagsChangedOutside: z.boolean(),
});
export type Project = z.infer<typeof projectSchema>;

/** `POST /api/tags/reload`: takes the file's tags, or writes the studio's over them. */
export const reloadTagsSchema = z.object({ keep: z.enum(["file", "mine"]) });

/**
 * `GET /api/images/:id/mask` answers with `encodeMask` (patches.ts) and the headers `x-mask-rev` and `x-mask-source`;
 * with `?of=draft` it answers with the draft, whatever a person made of it, and with nothing if there is none.
 * `POST /api/images/:id/strokes` with `if-match: <rev>` takes one patch and answers with the new revision once it is on the disk;
 * 409 if the revision is not the current one.
 */
export const maskSources = ["correction", "draft", "none"] as const;
export type MaskSource = (typeof maskSources)[number];
export const maskRevSchema = z.object({ rev: z.number() });

/** `POST /api/images/:id/verdict`: accepting makes the mask a correction, which trains and is exported. */
export const verdictRequestSchema = z.object({
  rev: z.number().int().min(0),
  verdict: verdictSchema,
});

/** `POST /api/images/:id/mask/reset`: forgets the correction; the mask is the draft again. */
export const resetMaskSchema = z.object({ rev: z.number().int().min(0) });

/** `GET /api/review/summary` */
export const reviewSummarySchema = z.object({
  /** Images with a draft and without a verdict. */
  left: z.number(),
  reviewed: z.number(),
  /** Verdicts an hour, over those of this session; null for fewer than two. */
  perHour: z.number().nullable(),
  /** Mean IoU of all masks if the review stopped now, with the 90 % interval; null for fewer than 5 drawn items with verdicts. */
  expected: z
    .object({ meanIou: z.number(), low: z.number(), high: z.number(), drawn: z.number() })
    .nullable(),
  /** Reviewed items that were drawn at random. */
  drawn: z.number(),
});
export type ReviewSummary = z.infer<typeof reviewSummarySchema>;

export const runStates = ["starting", "running", "stopping", "stopped", "done", "failed"] as const;
/** `GET /api/runs`, newest first. `failed`: its process ended with an error or was killed; it can be resumed if `resumable`. */
export const runSchema = z.object({
  id: z.string(),
  /** Absolute path of the run folder. */
  path: z.string(),
  state: z.enum(runStates),
  step: z.number(),
  steps: z.number(),
  phase: z.string().nullable(),
  /** Seconds left at the present speed; null where not known. */
  eta: z.number().nullable(),
  device: z.string().nullable(),
  preset: z.string().nullable(),
  /** Masks that train along. */
  corrections: z.number(),
  meanIou: z.number().nullable(),
  /** What went wrong, and what to do; null unless it failed. */
  error: z.string().nullable(),
  resumable: z.boolean(),
  /** What continues the run in a terminal. */
  resumeCommand: z.string(),
  /** The run that this one goes on from. */
  from: z.string().nullable(),
});
export type Run = z.infer<typeof runSchema>;

/** `POST /api/runs` answers with the run. */
export const newRunSchema = z.object({
  preset: z.string().max(20),
  /** A name of the catalog, a path or a hub name; random ones without. */
  weights: z.string().max(500).optional(),
  device: z.string().max(20).default("auto"),
  steps: z.number().int().min(1).max(10_000_000).optional(),
  batch: z.number().int().min(1).max(4096).optional(),
  crop: z.number().int().min(32).max(4096).optional(),
  seed: z.number().int().min(0).default(0),
  useCorrections: z.boolean().default(true),
  /** Begin with the weights of this run instead of `weights`. */
  from: z.string().max(200).optional(),
  /** Other settings by key, such as `pseudo.lowThreshold`. */
  set: z.record(z.string().max(100), z.union([z.number(), z.string(), z.boolean()])).default({}),
});
export type NewRun = z.input<typeof newRunSchema>;

/** `GET /api/choices`: what a training can be made of. */
export const choicesSchema = z.object({
  presets: z.array(
    z.object({
      name: z.string(),
      steps: z.number(),
      batch: z.number(),
      crop: z.number(),
      backbone: z.string(),
    }),
  ),
  weights: z.array(
    z.object({
      name: z.string(),
      license: z.string(),
      /** Bytes to fetch; null where not known. */
      bytes: z.number().nullable(),
      isHere: z.boolean(),
    }),
  ),
  devices: z.array(
    z.object({ name: z.string(), works: z.boolean(), reason: z.string().nullable() }),
  ),
});
export type Choices = z.infer<typeof choicesSchema>;

/** `GET /api/drafts`, `POST /api/drafts` (start or go on), `POST /api/drafts/stop`: masks of all images by a model. */
export const newDraftsSchema = z.object({
  model: z.string().max(200),
  /** Makes all of them anew in this way; null in the way that fits the tags. By default they go on as they were begun. */
  method: draftMethodSchema.nullable().optional(),
});
export type NewDrafts = z.input<typeof newDraftsSchema>;
export const draftsSchema = z.object({
  model: z.string().nullable(),
  state: z.enum(["none", "running", "stopped", "done", "failed"]),
  done: z.number(),
  total: z.number(),
  eta: z.number().nullable(),
  error: z.string().nullable(),
});
export type Drafts = z.infer<typeof draftsSchema>;

/** `POST /api/compare`: how near the masks of two models are to the corrected ones, per image and in the mean. */
export const compareRequestSchema = z.object({
  before: z.string().max(200),
  after: z.string().max(200),
});
export const comparisonSchema = z.object({
  images: z.array(z.object({ id: z.number(), before: z.number(), after: z.number() })),
  /** Mean IoU over the classes, 0..1. */
  before: z.number().nullable(),
  after: z.number().nullable(),
  /** Whether the images' masks were trained on by `after`, so that its score says nothing about others. */
  trainedOn: z.boolean(),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** Masks and models that are written for other programs. */
export * from "./export-protocol.ts";

/** `GET|PUT /api/preferences`, kept in `studio.json`. */
export const preferencesSchema = z.object({
  language: z.enum(["en", "zh"]).nullable().default(null),
  theme: z.enum(["system", "light", "dark"]).default("system"),
  /** Keys by action, where they differ from the defaults. */
  keys: z.record(z.string().max(60), z.string().max(30)).default({}),
  /** Colors by class name as #rrggbb, where they differ from the palette. */
  colors: z.record(z.string().max(200), z.string().regex(/^#[0-9a-f]{6}$/)).default({}),
  brushSize: z.number().min(1).max(2000).default(24),
  /** Restrict drafts and palette to the tags of the image. */
  knownTags: z.boolean().default(true),
});
export type Preferences = z.infer<typeof preferencesSchema>;

/** `POST /api/sample`: writes the demo's scenes into the empty data folder. */
export const sampleRequestSchema = z.object({
  images: z.number().int().min(10).max(500).default(60),
});

/**
 * `GET /api/events`: server-sent events, one stream for all tabs of a browser. The name of an event is its `type`.
 * `GET /api/runs/:id/events` streams the lines of log.jsonl instead: `id` is the number of the line from 1 and a mark of all lines so
 * far, `17-5f3a09c1`, `data` the line; `Last-Event-ID` (a header) replays those after it. An event `cut` with `{ kept }` says that
 * only so many of the lines hold, as after a resumption; lines follow from there. Events named `run` have a `Run` whenever its state
 * changes. `phase` of a training that is being prepared is `reading` or `download`.
 */
export const studioEventSchema = z.discriminatedUnion("type", [
  /** The project's counts, classes, models or indexing changed: fetch it again. */
  z.object({ type: z.literal("project") }),
  /** Records of images changed. */
  z.object({ type: z.literal("images"), ids: z.array(z.number()) }),
  /** Many images changed: fetch the list again. */
  z.object({ type: z.literal("list") }),
  z.object({ type: z.literal("run"), run: runSchema }),
  z.object({ type: z.literal("drafts"), drafts: draftsSchema }),
  z.object({ type: z.literal("export"), export: exportSchema }),
]);
export type StudioEvent = z.infer<typeof studioEventSchema>;

export const healthSchema = z.object({ ok: z.literal(true), version: z.string() });
