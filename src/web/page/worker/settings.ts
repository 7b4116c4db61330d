import { parseYaml } from "../../../files/text/yaml.ts";
import type { YamlError } from "../../../files/text/yaml-sync.ts";
import { resolveConfig, type SettingOptions } from "../../../files/run/settings.ts";
import { plannedShare, trainingBytes } from "../../../jobs/plan/training-memory.ts";
import { fitMemory } from "../../../jobs/plan/micro-batch.ts";
import { networkOf } from "../../../method/model/network-of.ts";
import type { Config } from "../../../method/config.ts";
import { UserError } from "../../../user-error.ts";
import type { Choices, Plan, PlanInput } from "../protocol.ts";
import { host, storageLeft } from "./host.ts";

/** Copies of the weights in the storage: two checkpoints, the last and the best, and one that is being written. */
const copies = 5;
/** Bytes of a learned value in a checkpoint: itself and two moments. */
const valueBytes = 12;
/** Sides of crops are multiples of this many pixels, and at least twice as many. */
const cropStep = 32;

/** The settings of a form, over those of the preset `small`. */
export async function settingOptions(choices: Choices): Promise<SettingOptions> {
  const { others, steps, crop, batch, seed } = choices;
  return { preset: "small", steps, crop, batch, seed, set: await readOthers(others) };
}

/** Lines `section.name: value`. */
async function readOthers(text: string): Promise<Record<string, unknown>> {
  if (text.trim() === "") return {};
  let values: unknown;
  try {
    values = await parseYaml(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { line, message } = error as YamlError;
    const where = line === undefined ? "" : ` in line ${line}`;
    throw new UserError(
      `other settings: cannot be read${where}: ${message}; write "data.maxSide: 96"`,
    );
  }
  if (typeof values === "object" && values !== null && !Array.isArray(values)) {
    return values as Record<string, unknown>;
  }
  throw new UserError(
    'other settings: are no lines of "section.name: value", as "data.maxSide: 96"',
  );
}

/** What a training takes of memory and storage, and whether a page has it. */
export async function plan({ choices, classes }: PlanInput): Promise<Plan> {
  const wanted = await resolveConfig(host.store, await settingOptions(choices), "small");
  const free = host.machine.freeMemory();
  const room = plannedShare * free;
  const bytesOf = (config: Config): number => trainingBytes(networkOf(config, classes), config);
  const { size } = networkOf(wanted, classes);
  const common = { room, stored: copies * valueBytes * size, ...(await storageLeft()), parameters: size }; // prettier-ignore
  const crops = wanted.data.crop / cropStep;
  const largest = largestCrop(crops, (count) => bytesOf(inSmallestParts(wanted, count)) <= room);
  if (largest < crops) {
    const tooLarge = inSmallestParts(wanted, Math.max(2, largest + 1));
    return { ...common, bytes: bytesOf(tooLarge), largestCrop: cropStep * largest };
  }
  const { config, event } = fitMemory(wanted, classes, "cpu", free);
  const parts = event && { whole: event.bytes, microBatch: event.microBatch };
  return { ...common, bytes: bytesOf(config), ...parts };
}

/** The settings with a crop of another size and, unless they say how many crops are computed at a time, with one. */
function inSmallestParts(config: Config, count: number): Config {
  const { data, train } = config;
  const microBatch = train.microBatch > 0 || data.batch === 1 ? train.microBatch : 1;
  return {
    ...config,
    data: { ...data, crop: cropStep * count },
    train: { ...train, microBatch },
  };
}

/**
 * The largest crop that fits, in multiples of `cropStep`, at most `wanted`; 0 if none does. The smaller ones are tried first: the
 * graph of a crop that is far too large takes long to make.
 */
function largestCrop(wanted: number, fits: (count: number) => boolean): number {
  let low = 0;
  let next = Math.min(wanted, 4);
  while (fits(next)) {
    low = next;
    if (low === wanted) return low;
    next = Math.min(wanted, 2 * low);
  }
  // `low` fits, or is none, and `next` does not.
  if (low === 0) return next > 2 && fits(2) ? 2 : 0;
  while (next - low > 1) {
    const middle = Math.floor((low + next) / 2);
    if (fits(middle)) low = middle;
    else next = middle;
  }
  return low;
}
