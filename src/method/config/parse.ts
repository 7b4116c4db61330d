import type * as z from "zod/mini";
import { excerpt, UserError } from "../../user-error.ts";
import { nearest } from "./nearest.ts";
import { presetNames, presets, stepsFor, type PresetName } from "./presets.ts";
import { listSettings, schema, sections, type Config } from "./schema.ts";

/** Sources of the settings of a run; each overrides those before it. */
export interface ConfigSources {
  /** Name of a preset; the default is voc. */
  readonly preset?: string;
  /** The parsed content of a config file, and its name for error messages. */
  readonly file?: { readonly name: string; readonly value: unknown };
  /** Single settings by key, for example `train.lr` with the value 1e-4. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Number of training images, to which the preset `own` fits its steps. */
  readonly images?: number;
}

/** Validations of a run of the preset `own` that makes all its steps. */
const validations = 20;

/** A setting that overrides the preset, and its origin for error messages. */
interface Override {
  readonly where: string;
  readonly value: unknown;
}

/**
 * Merges and validates the hyper-parameters of a run. Throws a `UserError` that names the invalid setting and its
 * origin.
 */
export function parseConfig({
  preset = "voc",
  file,
  set = {},
  images,
}: ConfigSources = {}): Config {
  const overrides = new Map<string, Override>();
  if (file !== undefined) readFile(file.name, file.value, overrides);
  for (const [key, value] of Object.entries(set)) {
    checkKey(`setting ${key}`, key);
    overrides.set(key, { where: `setting ${key}`, value });
  }

  const recipe = presets[presetName(preset)];
  const base = schema.parse(recipe);
  const tree: Record<string, Record<string, unknown>> = schema.parse(recipe);
  for (const [key, { value }] of overrides) {
    const [section, name] = key.split(".") as [string, string];
    tree[section]![name] = value;
  }
  if (preset === "own" && images !== undefined) fitToImages(tree.train!, images, overrides);
  shrinkSchedule(tree.train!, base.train, overrides);
  keepWithin(tree.eval!, base.eval, overrides);

  const result = schema.safeParse(tree);
  if (!result.success) throw new UserError(explain(result.error.issues[0]!, tree, overrides));
  checkTogether(result.data, overrides);
  return result.data;
}

function presetName(name: string): PresetName {
  const known = presetNames.find((preset) => preset === name);
  if (known !== undefined) return known;
  throw new UserError(`preset ${name}: no such preset${suggest(name, presetNames)}`);
}

function readFile(name: string, value: unknown, overrides: Map<string, Override>): void {
  // An empty YAML file is null.
  for (const [section, fields] of Object.entries(mapping(name, value ?? {}))) {
    if (!Object.hasOwn(sections, section)) {
      throw new UserError(
        `${name}: ${excerpt(section)}: no such section${suggest(section, Object.keys(sections))}`,
      );
    }
    for (const [field, value] of Object.entries(mapping(`${name}: ${section}`, fields ?? {}))) {
      const key = `${section}.${field}`;
      checkKey(`${name}: ${excerpt(key)}`, key);
      overrides.set(key, { where: `${name}: ${key}`, value });
    }
  }
}

function mapping(where: string, value: unknown): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new UserError(`${where}: expected keys and values, found ${show(value)}`);
}

function checkKey(where: string, key: string): void {
  const [section = "", field = "", ...rest] = key.split(".");
  const fields = Object.hasOwn(sections, section) ? sections[section]! : {};
  if (Object.hasOwn(fields, field) && rest.length === 0) return;
  const keys = listSettings().map((setting) => setting.key);
  // A name without a section means the only setting of that name.
  const bare = keys.find((candidate) => candidate.endsWith(`.${key}`));
  const near = bare ?? nearest(key, keys);
  if (near !== undefined) throw new UserError(`${where}: no such setting; did you mean ${near}?`);
  const siblings = keys.filter((candidate) => candidate.startsWith(`${section}.`));
  const known = siblings.length > 0 ? siblings : Object.keys(sections).map((name) => `${name}.…`);
  throw new UserError(`${where}: no such setting; there are ${known.join(", ")}`);
}

/** Fits the steps to the number of images, and the validations to the steps, unless they are set themselves. */
function fitToImages(
  train: Record<string, unknown>,
  images: number,
  overrides: ReadonlyMap<string, Override>,
): void {
  if (!overrides.has("train.steps")) train["steps"] = stepsFor(images);
  const { steps } = train;
  if (overrides.has("train.validateEvery") || typeof steps !== "number") return;
  train["validateEvery"] = Math.max(1, Math.round(steps / validations));
}

/** Scales the phases of the recipe with the length of the run, unless they are set themselves. */
function shrinkSchedule(
  train: Record<string, unknown>,
  recipe: Config["train"],
  overrides: ReadonlyMap<string, Override>,
): void {
  const steps = train.steps;
  if (typeof steps !== "number" || steps === recipe.steps) return;
  for (const name of ["camSteps", "affinitySteps", "warmupSteps"] as const) {
    if (!overrides.has(`train.${name}`))
      train[name] = Math.round((recipe[name] * steps) / recipe.steps);
  }
}

/** Lowers the recipe's `eval.minSide` to `eval.maxSide`, unless it is set itself. */
function keepWithin(
  evaluation: Record<string, unknown>,
  { minSide }: Config["eval"],
  overrides: ReadonlyMap<string, Override>,
): void {
  const { maxSide } = evaluation;
  if (overrides.has("eval.minSide") || typeof maxSide !== "number") return;
  evaluation.minSide = Math.min(minSide, maxSide);
}

/** Checks conditions between several settings. */
function checkTogether(config: Config, overrides: ReadonlyMap<string, Override>): void {
  const { data, pseudo, train, eval: evaluation } = config;
  const ordered: [low: string, lowValue: number, high: string, highValue: number][] = [
    ["train.camSteps", train.camSteps, "train.affinitySteps", train.affinitySteps],
    ["train.affinitySteps", train.affinitySteps, "train.steps", train.steps],
    ["train.warmupSteps", train.warmupSteps, "train.steps", train.steps],
    ["pseudo.lowThreshold", pseudo.lowThreshold, "pseudo.highThreshold", pseudo.highThreshold],
    ["eval.minSide", evaluation.minSide, "eval.maxSide", evaluation.maxSide],
    ["data.scaleRange[0]", data.scaleRange[0], "data.scaleRange[1]", data.scaleRange[1]],
  ];
  for (const [low, lowValue, high, highValue] of ordered) {
    if (lowValue <= highValue) continue;
    const where = whereOf(overrides.has(low) ? low : high, overrides);
    throw new UserError(
      `${where}: ${low} is ${lowValue}, more than ${high} ${highValue}; make it at most ${highValue}`,
    );
  }
  if (!pseudo.scales.includes(1)) {
    const where = whereOf("pseudo.scales", overrides);
    throw new UserError(
      `${where}: expected scales with 1 among them, found ${show(pseudo.scales)}; add 1`,
    );
  }
  const { microBatch } = train;
  if (microBatch > 0 && data.batch % microBatch !== 0) {
    const where = whereOf(
      overrides.has("train.microBatch") ? "train.microBatch" : "data.batch",
      overrides,
    );
    throw new UserError(
      `${where}: train.microBatch is ${microBatch}, which does not divide data.batch ${data.batch}`,
    );
  }
}

function whereOf(key: string, overrides: ReadonlyMap<string, Override>): string {
  return overrides.get(key)?.where ?? `config: ${key}`;
}

function explain(
  issue: z.core.$ZodIssue,
  tree: Record<string, Record<string, unknown>>,
  overrides: ReadonlyMap<string, Override>,
): string {
  const [section, field, ...inner] = issue.path;
  const key = `${String(section)}.${String(field)}`;
  let value: unknown = tree[String(section)]?.[String(field)];
  for (const step of inner) value = (value as Record<PropertyKey, unknown>)[step];
  const at = inner.map((step) => `[${String(step)}]`).join("");
  return `${whereOf(key, overrides)}${at}: expected ${expectation(issue)}, found ${show(value)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return (
        {
          int: "a whole number",
          number: "a number",
          boolean: "true or false",
          array: "a list",
          tuple: "a list",
        }[issue.expected as string] ?? issue.expected
      );
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return issue.origin === "array"
        ? `a list of at least ${issue.minimum}`
        : `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return issue.origin === "array"
        ? `a list of at most ${issue.maximum}`
        : `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    default:
      return issue.message;
  }
}

function suggest(word: string, known: readonly string[]): string {
  const close = nearest(word, known);
  return close === undefined ? `; there are ${known.join(", ")}` : `; did you mean ${close}?`;
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  return excerpt(JSON.stringify(value) ?? String(value));
}
