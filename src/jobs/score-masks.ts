import { dirname, join, stem } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import { translateLabels } from "../method/data/known-mask.ts";
import { ignoreIndex, type LabelMap } from "../method/images/image.ts";
import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import type { ConfusionMatrix } from "../method/eval/metrics.ts";
import { cellsOf, pixelsOf, Tally, type KnownScores } from "../method/eval/tally.ts";
import { UserError } from "../user-error.ts";
import { chooseClasses } from "../files/formats/chosen-classes.ts";
import { parseClassNames, readClassNames } from "../files/formats/class-names.ts";
import { isFolder, listImages } from "../files/text/folders.ts";
import { listNames } from "../files/text/list-names.ts";
import { checkLabels } from "../files/datasets/reader.ts";
import type { MeasuredImage } from "../files/report/worst-images.ts";

/** Files that say what labels mean, as mask folders and data sets have them. */
const classFiles = ["classes.json", "classes.txt", "class_names.txt"] as const;

/** The masks of two folders that belong together, and those that are alone. */
export interface MaskPairs {
  /** From what both are called, without ending. */
  readonly pairs: readonly {
    readonly name: string;
    readonly mask: string;
    readonly truth: string;
  }[];
  /** Truths without a prediction. */
  readonly unpredicted: readonly string[];
  /** Predictions without a truth. */
  readonly untrue: readonly string[];
  /** Foreground class names, where a file says them. */
  readonly classes: readonly string[] | undefined;
  /** The class's label for each label of a side whose own names stand in another order. */
  readonly labels: { readonly mask?: readonly number[]; readonly truth?: readonly number[] };
  /** Sentences on labels that are renumbered. */
  readonly notes: readonly string[];
}

export interface PairOptions {
  /** Class names, or a file of them; else `classes.json` or `classes.txt` in or above either folder. */
  readonly classes?: string;
  /** Only these, all of which must be there. */
  readonly names?: readonly string[];
}

/** Finds the PNGs that two folders have under the same name. */
export async function pairMasks(
  host: FileHost,
  predicted: string,
  true_: string,
  { classes, names }: PairOptions = {},
): Promise<MaskPairs> {
  const [masks, truths] = [await findMasks(host, predicted), await findMasks(host, true_)];
  const wanted = names ? new Set(names) : undefined;
  for (const [files, folder] of [
    [masks.files, predicted],
    [truths.files, true_],
  ] as const) {
    const missing = (names ?? []).filter((name) => !files.has(name));
    if (missing.length > 0) {
      throw new UserError(`${folder}: has no mask of ${listed(missing)}, which the list names`);
    }
  }
  const isWanted = (name: string): boolean => !wanted || wanted.has(name);
  const pairs = [...masks.files]
    .filter(([name]) => isWanted(name) && truths.files.has(name))
    .map(([name, mask]) => ({ name, mask, truth: truths.files.get(name)! }));
  if (pairs.length === 0) {
    const example = (files: ReadonlyMap<string, string>): string => `${[...files.keys()][0]}.png`;
    throw new UserError(
      `${predicted}: no mask is called like one in ${true_} (${masks.files.size} against ` +
        `${truths.files.size}): ${example(masks.files)} against ${example(truths.files)}`,
    );
  }
  const alone = (of: typeof masks, other: typeof masks): string[] =>
    wanted ? [] : [...of.files.keys()].filter((name) => !other.files.has(name));
  return {
    pairs,
    unpredicted: alone(truths, masks),
    untrue: alone(masks, truths),
    ...(await agreedClasses(host, classes, [
      { root: predicted, around: masks.around },
      { root: true_, around: truths.around },
    ])),
  };
}

/** The first few of some names. */
export function listed(names: readonly string[]): string {
  return listNames(names, 5);
}

interface FoundMasks {
  readonly files: ReadonlyMap<string, string>;
  /** Folders that may say what the labels mean, the nearest first. */
  readonly around: readonly string[];
}

/** PNGs by path without ending; of a folder that `label` or `segment` wrote those in its masks/. */
async function findMasks({ store }: FileHost, root: string): Promise<FoundMasks> {
  if (!(await isFolder(store, root))) throw new UserError(`${root}: no such folder`);
  const inside = join(root, "masks");
  const hasInside = await isFolder(store, inside);
  const folder = hasInside ? inside : root;
  // Of several formats the names lie above the folders of all.
  const around = [folder, dirname(folder), ...(hasInside ? [dirname(root)] : [])];
  const files = (await listImages(store, folder)).filter((file) =>
    file.toLowerCase().endsWith(".png"),
  );
  if (files.length === 0) throw new UserError(`${folder}: no PNG files in this folder`);
  return {
    around,
    files: new Map(files.map((file) => [stem(file).normalize("NFC"), join(folder, file)])),
  };
}

/** A side of the comparison, and the folders that may say what its labels mean. */
interface Side {
  readonly root: string;
  readonly around: readonly string[];
}

type Agreed = Pick<MaskPairs, "classes" | "labels" | "notes">;

/** The classes of both sides: those given, in which the names of either side have to be found, or else those of the sides. */
async function agreedClasses(
  { store }: FileHost,
  given: string | undefined,
  sides: readonly [masks: Side, truth: Side],
): Promise<Agreed> {
  const masks = await namesAround(store, sides[0].around);
  const truth = await namesAround(store, sides[1].around);
  if (given === undefined) {
    if (masks && truth && JSON.stringify(masks.names) !== JSON.stringify(truth.names)) {
      throw otherClasses(truth, masks, { ...sides[0], classes: truth.names });
    }
    return { classes: (masks ?? truth)?.names, labels: {}, notes: [] };
  }
  const classes = await parseClassNames(store, given);
  const notes: string[] = [];
  const labelsOf = (own: NamesFile | undefined, side: Side): readonly number[] | undefined => {
    if (!own) return undefined;
    if (!isAmong(own.names, classes)) {
      throw otherClasses({ file: "the classes given", names: classes }, own, { ...side, classes });
    }
    const tell = (note: string): void => void (notes.includes(note) || notes.push(note));
    const { labels } = chooseClasses(own.names, { classes, tell }, own.file)!;
    return labels.every((label, i) => label === i) ? undefined : labels;
  };
  const labels = { mask: labelsOf(masks, sides[0]), truth: labelsOf(truth, sides[1]) };
  return {
    classes,
    labels: {
      ...(labels.mask && { mask: labels.mask }),
      ...(labels.truth && { truth: labels.truth }),
    },
    notes,
  };
}

interface NamesFile {
  readonly file: string;
  readonly names: readonly string[];
}

async function namesAround(
  store: FileHost["store"],
  folders: readonly string[],
): Promise<NamesFile | undefined> {
  for (const file of folders.flatMap((folder) => classFiles.map((name) => join(folder, name)))) {
    if ((await store.stat(file))?.kind !== "file") continue;
    return { file, names: await readClassNames(store, file) };
  }
}

function isAmong(names: readonly string[], classes: readonly string[]): boolean {
  const known = new Set(classes.map((name) => name.toLowerCase()));
  return names.every((name) => known.has(name.toLowerCase()));
}

/** The error for names that differ; the remedy numbers the masks of a folder by the classes of the other side. */
function otherClasses(
  one: NamesFile,
  other: NamesFile,
  { root, classes }: { readonly root: string; readonly classes: readonly string[] },
): UserError {
  const out = `${root.replace(/\/+$/, "")}-renumbered`;
  return new UserError(
    `${one.file}: its ${one.names.length} classes are ${one.names.join(", ")}; ${other.file} has ` +
      `${other.names.length}: ${other.names.join(", ")}; masks count classes in this order, so they must agree`,
    {
      code: "other-classes",
      remedies: [
        {
          ...{ kind: "job", name: "convert", argument: root },
          options: { to: "voc", classes: classes.join(","), out },
          purpose: "renumbers the masks, or renames their classes",
        },
      ],
    },
  );
}

export interface PairScores {
  /** Over the classes named, or over those that occur. */
  readonly matrix: ConfusionMatrix;
  readonly classes: readonly string[];
  /** Pairs that were counted. */
  readonly masks: number;
  /** Those that could not be, one sentence each. */
  readonly skipped: readonly string[];
}

/**
 * Scores masks against truths, one pair at a time (method 3.3). Yields progress and what was
 * measured; pairs that cannot be compared are left out and told.
 * @param known scores of pairs that were compared before
 */
export async function* scorePairs(
  host: FileHost,
  { pairs, classes, labels }: Pick<MaskPairs, "pairs" | "classes" | "labels">,
  known?: KnownScores,
): AsyncGenerator<EvaluationProgress & { readonly image?: MeasuredImage }, PairScores> {
  const size = sizeOf(classes);
  const tally = pairTally(classes);
  const skipped: string[] = [];
  const total = pairs.length;
  for (const [index, pair] of pairs.entries()) {
    const { name } = pair;
    const progress = { done: index + 1, total };
    let scores = known?.(index);
    if (scores) {
      tally.add(scores);
      yield { ...progress, measured: { index, name, scores, known: true } };
      continue;
    }
    let both: { prediction: LabelMap; truth: LabelMap };
    try {
      both = await readPair(host, pair, labels, size);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      skipped.push(error.message);
      yield progress;
      continue;
    }
    const { prediction, truth } = both;
    const { masks } = pixelsOf(truth.data, { masks: prediction }, size);
    scores = { pixels: cellsOf({ masks }) };
    tally.add(scores);
    const image = { name, prediction, truth, meanIou: masks!.meanIou() };
    yield { ...progress, measured: { index, name, scores, known: false }, image };
  }
  return pairScoresOf(tally, classes, skipped);
}

/** Number of classes to count, with the background. Without names it shows at the end. */
function sizeOf(classes: readonly string[] | undefined): number {
  return classes ? classes.length + 1 : ignoreIndex;
}

/** The sums that pairs are added to. */
export function pairTally(classes: readonly string[] | undefined): Tally<"masks"> {
  return new Tally(["masks"], sizeOf(classes));
}

/** The scores of the pairs that were counted. */
export function pairScoresOf(
  tally: Tally<"masks">,
  classes: readonly string[] | undefined,
  skipped: readonly string[],
): PairScores {
  const matrix = tally.matrices.masks;
  const shown = classes ? matrix : matrix.trimmed(2);
  const names = Array.from({ length: shown.numClasses - 1 }, (_, c) => `class ${c + 1}`);
  return { matrix: shown, classes: classes ?? names, masks: tally.masks, skipped };
}

async function readPair(
  { codec }: FileHost,
  { mask, truth: truthFile }: MaskPairs["pairs"][number],
  labels: MaskPairs["labels"],
  size: number,
): Promise<{ prediction: LabelMap; truth: LabelMap }> {
  const prediction = await readLabels(codec, mask, labels.mask);
  const truth = await readLabels(codec, truthFile, labels.truth);
  const { width, height } = truth;
  if (prediction.width !== width || prediction.height !== height) {
    throw new UserError(
      `${mask}: is ${prediction.width}x${prediction.height}, ${truthFile} is ${width}x${height}; they must have one size`,
    );
  }
  checkLabels(truth, size - 1, truthFile);
  const at = prediction.data.findIndex((label, i) => label >= size && truth.data[i]! < size);
  if (at < 0) return { prediction, truth };
  const where = `label ${prediction.data[at]} at x ${at % width}, y ${Math.floor(at / width)}`;
  throw new UserError(
    `${mask}: has ${where}, where the truth is ${truth.data[at]}; predictions are 0 to ${size - 1}`,
  );
}

async function readLabels(
  codec: FileHost["codec"],
  where: string,
  labels: readonly number[] | undefined,
): Promise<LabelMap> {
  const map = await codec.decodeLabels(where);
  return labels ? translateLabels(map, { where, labels }) : map;
}
